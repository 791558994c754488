namespace LguestPS.Recordings;

/// <summary>A place of the past where a guest that goes back may be left.</summary>
/// <param name="At">Where it is.</param>
/// <param name="Passed">How many places the guest comes by before it.</param>
/// <param name="Hit">The breakpoint that was hit there, if the guest goes back to one.</param>
internal readonly record struct RewindPlace(RunPosition At, int Passed, BreakpointHit? Hit = null)
{
    /// <summary>The place before what a breakpoint was about.</summary>
    /// <param name="hit">Its guest stands where it was hit.</param>
    public static RewindPlace Of(BreakpointHit hit)
    {
        RunPosition here = GuestPosition.Of(hit.Guest);
        if (!IsBehind(hit)) return new RewindPlace(here, 0, hit);
        // An instruction that repeats itself counts only once it is over.
        bool counted = hit.Guest.Cpu.Registers.Eip != hit.Access!.Eip;
        return new RewindPlace(here with { Instructions = here.Instructions - (counted ? 1 : 0), Nanoseconds = 0 }, 0, hit);
    }

    /// <summary>Whether what it was about is done already: an access is seen only after it.</summary>
    public static bool IsBehind(BreakpointHit hit) => hit.Access is { Access: not MemoryAccess.Execute };
}
