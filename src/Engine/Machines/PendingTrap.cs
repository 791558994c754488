using LguestPS.Cpu;

namespace LguestPS;

/// <summary>A trap of the guest that the host has not dealt with yet.</summary>
public sealed class PendingTrap
{
    internal PendingTrap(in CpuExit exit, uint eip)
    {
        Exit = exit;
        Eip = eip;
    }

    /// <summary>The vector, 0 to 255.</summary>
    public byte Vector => Exit.Vector;

    /// <summary>Its usual short name, such as #PF or int 0x80.</summary>
    public string Name => Cpu.Vector.Name(Vector);

    /// <summary>The error code, for vectors that have one.</summary>
    public uint? ErrorCode => Cpu.Vector.HasErrorCode(Vector) ? Exit.ErrorCode : null;

    /// <summary>For vector 14 the faulting linear address.</summary>
    public uint? Address => Vector == Cpu.Vector.PageFault ? Exit.FaultAddress : null;

    /// <summary>The faulting instruction, or the one after a software interrupt.</summary>
    public uint Eip { get; }

    /// <summary>What the instruction is about to do with a device or a port, such as <c>write device_status of block0 = 0x0f</c>; null for any other trap.</summary>
    public string? Access { get; internal init; }

    internal CpuExit Exit { get; }

    public override string ToString() => Access is not null
        ? $"{Name}, {Access}"
        : $"{Name}{(Address is { } address ? $" at 0x{address:x8}" : "")}{(ErrorCode is { } code ? $" error {code:x}" : "")}";
}
