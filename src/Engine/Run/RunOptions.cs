namespace LguestPS;

/// <summary>How to run a guest.</summary>
public sealed record RunOptions : DriveOptions
{
    /// <summary>
    /// True if somebody may type into the guest while it runs: then a halted guest without a timer waits for it.
    /// Otherwise it pauses, because nothing could ever wake it.
    /// </summary>
    public bool WaitForInput { get; init; }

    /// <summary>Pause once so many instructions have run since the guest was made; for measurements.</summary>
    internal long? StopAtInstruction { get; init; }

    /// <summary>True to count hypercalls, traps and interrupts, and the host's time for each, in <see cref="Guest.Summary"/>; events are not needed for it.</summary>
    public bool CollectSummary { get; init; }
}
