using LguestPS.Cpu;

namespace LguestPS;

/// <summary>How far one step goes.</summary>
public enum StepUnit
{
    /// <summary>To the next place where the guest can stand still: a pending hypercall, a ring entry, a DMA.</summary>
    Standstill,

    /// <summary>To just before the next hypercall with <see cref="StepOptions.Hypercall"/>'s number, direct or in the ring.</summary>
    Hypercall,

    /// <summary>One instruction; or, where a hypercall or DMA is pending, the next part of that.</summary>
    Instruction,

    /// <summary>One instruction of this function: a call, a software interrupt or a repeated instruction with all it leads to; what is pending wholly.</summary>
    Over,

    /// <summary>To the instruction after the call of the function the guest is in.</summary>
    Out,

    /// <summary>To just before the instruction at <see cref="StepOptions.Address"/>.</summary>
    Address,

    /// <summary>To just before the next trap with <see cref="StepOptions.Vector"/>, or any, is dealt with.</summary>
    Trap,

    /// <summary>To just before the virtual interrupt <see cref="StepOptions.Irq"/>, or any, is delivered.</summary>
    Interrupt,

    /// <summary>To the next hit of a breakpoint that stops the guest; back, to just before what the last one was about.</summary>
    Breakpoint,

    /// <summary>To just before anything that the host is about to do for the guest: a call, a ring entry, a DMA, a kick, a trap, an interrupt.</summary>
    Any,
}

/// <summary>How to step a guest.</summary>
public sealed record StepOptions : DriveOptions
{
    public StepUnit Unit { get; init; } = StepUnit.Standstill;

    /// <summary>How many steps, at least 1.</summary>
    public int Count { get; init; } = 1;

    /// <summary>For <see cref="StepUnit.Hypercall"/>, the number to stop at.</summary>
    public uint? Hypercall { get; init; }

    /// <summary>For <see cref="StepUnit.Address"/>, the linear address to stop at.</summary>
    public uint? Address { get; init; }

    /// <summary>For <see cref="StepUnit.Address"/>, several places instead of one.</summary>
    internal IReadOnlyList<WatchRange>? Addresses { get; init; }

    /// <summary>For <see cref="StepUnit.Trap"/>, the vector to stop at; null for any.</summary>
    public byte? Vector { get; init; }

    /// <summary>For <see cref="StepUnit.Interrupt"/>, the number to stop at; null for any.</summary>
    public int? Irq { get; init; }
}
