using LguestPS.Cpu;

namespace LguestPS.Traps;

/// <summary>A fault the guest was handed over and over, and that was still there whenever it came back.</summary>
/// <param name="Fault">Vector, error code and, for a page fault, address.</param>
/// <param name="Eip">The instruction.</param>
/// <param name="PrivilegeLevel">Whose it is.</param>
internal sealed record Stall(CpuExit Fault, uint Eip, int PrivilegeLevel)
{
    private long count;

    /// <summary>How often it occurred in a row; grows while the guest runs.</summary>
    public long Count
    {
        get => Volatile.Read(ref count);
        set => Volatile.Write(ref count, value);
    }
}

/// <summary>Notices a guest that makes no progress: one fault at one place for ever, and no other trap between.</summary>
internal sealed class ProgressWatch
{
    /// <summary>In a row, before it is said: fewer happen to programs that mend their faults.</summary>
    public const int Threshold = 10_000;

    // Not a Stall, as one would have to be made for every trap.
    private CpuExit fault;
    private uint eip;
    private int privilegeLevel;
    private long count;

    /// <summary>Where the guest makes no progress, or last made none; null if it never stalled.</summary>
    public Stall? Last { get; private set; }

    /// <summary>Set when a stall begins, for whoever says so.</summary>
    public bool IsNews { get; set; }

    /// <summary>The guest got a trap.</summary>
    public void Reflected(in CpuExit exit, uint eip, int privilegeLevel)
    {
        if (count != 0 && eip == this.eip && exit == fault && privilegeLevel == this.privilegeLevel)
        {
            if (++count >= Threshold) Stalled();
        }
        else
        {
            (fault, this.eip, this.privilegeLevel, count) = (exit, eip, privilegeLevel, IsFault(exit.Vector) ? 1 : 0);
        }
    }

    /// <summary>The guest went past an instruction that had trapped.</summary>
    public void GoesOn() => count = 0;

    private void Stalled()
    {
        if (count == Threshold)
        {
            Stall stall = new(fault, eip, privilegeLevel);
            IsNews |= Last is null || Last.Eip != eip || Last.Fault != fault;
            Last = stall;
        }

        Last!.Count = count;
    }

    /// <summary>Of the processor's own traps those that are reported before the instruction, which then is tried again.</summary>
    private static bool IsFault(byte vector) => vector < 32 && vector is not (Vector.Debug or Vector.Breakpoint or Vector.Overflow);
}
