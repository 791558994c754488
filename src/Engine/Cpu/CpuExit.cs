namespace LguestPS.Cpu;

/// <summary>Why a vCPU handed control back to the host: the whole set.</summary>
internal enum CpuExitKind
{
    /// <summary>The guest trapped; <see cref="CpuExit.Vector"/> says where.</summary>
    Trap,

    /// <summary>The budget is used up.</summary>
    Budget,

    /// <summary>Another thread asked for it.</summary>
    Kicked,

    /// <summary>The guest cannot go on, for example because a page table entry is bad; <see cref="CpuExit.Reason"/> says why.</summary>
    Dead,

    /// <summary>The guest reached what <see cref="VirtualCpu.Watch"/> asked for; <see cref="CpuExit.Watched"/> says what.</summary>
    Watched,

    /// <summary>
    /// The guest stands at an instruction that touches a page of devices. Everything is as for trap 14, which it becomes unless the host does
    /// the instruction: <see cref="CpuExit.FaultAddress"/> is the first byte there, and the error code says "not present".
    /// </summary>
    DeviceAccess,
}

/// <summary>One return of a vCPU to the host.</summary>
/// <param name="Kind">Which of the reasons it was.</param>
/// <param name="Vector">For a trap, its vector, 0 to 255; for an access to devices 14.</param>
/// <param name="ErrorCode">For a trap that has one, its error code, else 0.</param>
/// <param name="FaultAddress">For trap 14, the linear address (CR2), else 0.</param>
/// <param name="Why">For a dead guest, makes <see cref="Reason"/>.</param>
/// <param name="RanNothing">For a kick or a watched access, true if the guest certainly ran no instruction.</param>
/// <param name="Watched">For a watched access, which it was.</param>
internal readonly record struct CpuExit(
    CpuExitKind Kind, byte Vector = 0, uint ErrorCode = 0, uint FaultAddress = 0, Func<string>? Why = null, bool RanNothing = false,
    WatchedAccess? Watched = null)
{
    public static CpuExit Trap(byte vector, uint errorCode = 0, uint faultAddress = 0) =>
        new(CpuExitKind.Trap, vector, errorCode, faultAddress);

    public static CpuExit DeviceAccess(uint errorCode, uint address) => new(CpuExitKind.DeviceAccess, Cpu.Vector.PageFault, errorCode, address);

    /// <summary>Whether the host has a trap to deal with.</summary>
    public bool IsTrap => Kind is CpuExitKind.Trap or CpuExitKind.DeviceAccess;

    public static CpuExit Budget => new(CpuExitKind.Budget);

    public static CpuExit Kicked => new(CpuExitKind.Kicked);

    public static CpuExit KickedAtOnce => new(CpuExitKind.Kicked, RanNothing: true);

    public static CpuExit At(WatchedAccess access, bool ranNothing) => new(CpuExitKind.Watched, RanNothing: ranNothing, Watched: access);

    public static CpuExit Dead(string reason) => Dead(() => reason);

    public static CpuExit Dead(Func<string> why) => new(CpuExitKind.Dead, Why: why);

    /// <summary>For a dead guest, the reason in the words of ABI §11.</summary>
    public string? Reason => Why?.Invoke();
}
