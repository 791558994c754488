using LguestPS.Cpu;

namespace LguestPS;

/// <summary>How far to take a recorded guest back.</summary>
public sealed record StepBackOptions
{
    /// <summary>Who does it, for the error another driver gets.</summary>
    public required string Driver { get; init; }

    /// <summary>
    /// To the last place where it stood still (<see cref="StepUnit.Standstill"/>), to before the last call of <see cref="Hypercall"/>, trap, interrupt or
    /// instruction at an address, by instructions, or to what a breakpoint would have stopped it for: before the instruction at its address or the access
    /// to its memory, before the call, DMA, trap or interrupt. <see cref="StepUnit.Over"/> goes back by instructions of this function, over what it called,
    /// and <see cref="StepUnit.Out"/> to its call.
    /// </summary>
    public StepUnit Unit { get; init; } = StepUnit.Standstill;

    /// <summary>How many steps, at least 1.</summary>
    public int Count { get; init; } = 1;

    /// <summary>For <see cref="StepUnit.Hypercall"/>, its number.</summary>
    public uint? Hypercall { get; init; }

    /// <summary>For <see cref="StepUnit.Address"/>, the linear address.</summary>
    public uint? Address { get; init; }

    /// <summary>For <see cref="StepUnit.Trap"/>, the vector; null for any.</summary>
    public byte? Vector { get; init; }

    /// <summary>For <see cref="StepUnit.Interrupt"/>, the number; null for any.</summary>
    public int? Irq { get; init; }

    /// <summary>For <see cref="StepUnit.Address"/>, several places instead of one.</summary>
    internal IReadOnlyList<WatchRange>? Addresses { get; init; }

    /// <summary>Only places where this is true count. It is asked while the guest stands there; not always in the order of the run.</summary>
    public Func<Guest, bool>? Condition { get; init; }

    /// <summary>For <see cref="StepUnit.Breakpoint"/>: told which was hit at the place where the guest then stands.</summary>
    internal Action<BreakpointHit>? Found { get; init; }

    /// <summary>Called about four times a second while it takes.</summary>
    public Action? Pulse { get; init; }
}
