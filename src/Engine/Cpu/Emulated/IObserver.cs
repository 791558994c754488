namespace LguestPS.Cpu.Emulated;

/// <summary>Looks on while a guest runs, which neither comes out for it nor notices.</summary>
/// <remarks>It is called in the middle of a run, between two instructions, and may read registers, memory and the instruction count.</remarks>
internal interface IObserver
{
    /// <summary>The guest is about to do the instruction at an observed address.</summary>
    void Before(uint linear);

    /// <summary>It has not done the one of which this was said last: it trapped, and may come back to it.</summary>
    void NotDone();

    /// <summary>The guest has just accessed watched memory.</summary>
    /// <param name="access">How.</param>
    /// <param name="isCounted">Whether its instruction is done and counted: an iteration of a repeated one is not, unless it is the last.</param>
    void Accessed(WatchedAccess access, bool isCounted);
}
