namespace LguestPS;

/// <summary>How to run a guest.</summary>
public sealed record RunOptions
{
    /// <summary>Who drives the guest, for the error another driver gets: "job 4", "Start-LguestGuest", …</summary>
    public required string Driver { get; init; }

    public EventFilter Filter { get; init; } = EventFilter.Everything;

    /// <summary>Pause after this much host time; null for the definition's limit, if any.</summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>
    /// True if somebody may type into the guest while it runs: then a halted guest without a timer waits for it.
    /// Otherwise it pauses, because nothing could ever wake it.
    /// </summary>
    public bool WaitForInput { get; init; }

    /// <summary>Pause once so many instructions have run since the guest was made; for measurements.</summary>
    internal long? StopAtInstruction { get; init; }

    /// <summary>True to count hypercalls, traps and interrupts, and the host's time for each, in <see cref="Guest.Summary"/>; events are not needed for it.</summary>
    public bool CollectSummary { get; init; }

    /// <summary>Called about four times a second, on the thread that drives the guest, while no event comes out; the guest stands still meanwhile.</summary>
    public Action? Pulse { get; init; }
}

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

    /// <summary>To the instruction behind the call of the function the guest is in.</summary>
    Out,

    /// <summary>To just before the instruction at <see cref="StepOptions.Address"/>.</summary>
    Address,

    /// <summary>To just before the next trap with <see cref="StepOptions.Vector"/>, or any, is dealt with.</summary>
    Trap,

    /// <summary>To just before the virtual interrupt <see cref="StepOptions.Irq"/>, or any, is delivered.</summary>
    Interrupt,

    /// <summary>To the next hit of a breakpoint that stops the guest; back, to just before what the last one was about.</summary>
    Breakpoint,
}

/// <summary>How to step a guest.</summary>
public sealed record StepOptions
{
    /// <summary>Who drives the guest.</summary>
    public required string Driver { get; init; }

    public EventFilter Filter { get; init; } = EventFilter.Everything;

    public StepUnit Unit { get; init; } = StepUnit.Standstill;

    /// <summary>How many steps, at least 1.</summary>
    public int Count { get; init; } = 1;

    /// <summary>For <see cref="StepUnit.Hypercall"/>, the number to stop at.</summary>
    public uint? Hypercall { get; init; }

    /// <summary>For <see cref="StepUnit.Address"/>, the linear address to stop at.</summary>
    public uint? Address { get; init; }

    /// <summary>For <see cref="StepUnit.Trap"/>, the vector to stop at; null for any.</summary>
    public byte? Vector { get; init; }

    /// <summary>For <see cref="StepUnit.Interrupt"/>, the number to stop at; null for any.</summary>
    public int? Irq { get; init; }

    /// <summary>Pause after this much host time; null for no limit but the definition's.</summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>Called about four times a second, on the thread that drives the guest, while no event comes out; the guest stands still meanwhile.</summary>
    public Action? Pulse { get; init; }
}
