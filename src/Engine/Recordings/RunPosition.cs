namespace LguestPS.Recordings;

/// <summary>A place in a run. All four count up, so of two places of one run one is later or they are the same.</summary>
/// <param name="Events">Events until then.</param>
/// <param name="Instructions">Instructions until then; 0 on a vCPU that cannot count them.</param>
/// <param name="Time">Guest time, in nanoseconds.</param>
/// <param name="Inputs">What came in from outside until then, since the recording began; 0 if there is none.</param>
internal readonly record struct RunPosition(long Events, long Instructions, long Time, int Inputs)
{
    public static RunPosition Of(Guest guest) => new(guest.Events.Count, guest.Cpu.InstructionCount, guest.Clock.Now, guest.Recording?.InputCount ?? 0);

    // A year of guest time has 2^55 nanoseconds.
    private const long LastTime = 1L << 62;

    /// <summary>Whether a guest can get there.</summary>
    public bool IsPossible => Events >= 0 && Instructions >= 0 && Time is >= 0 and < LastTime && Inputs >= 0;

    public bool IsBefore(RunPosition other) =>
        Events < other.Events || Instructions < other.Instructions || Time < other.Time || Inputs < other.Inputs;

    /// <summary>Whether it is the same place, also if only one of the two vCPUs counted instructions.</summary>
    public bool IsAt(RunPosition other) => Events == other.Events && Time == other.Time;
}
