using LguestPS.Events;

namespace LguestPS;

/// <summary>What the host did about a trap.</summary>
public enum TrapOutcome : long
{
    /// <summary>The guest's own handler runs next.</summary>
    Reflected,

    /// <summary>The host gave the guest the FPU (vector 7).</summary>
    FpuGranted,

    /// <summary>The host skipped a port instruction of the kernel, whose era has no ports (vector 13).</summary>
    PortSkipped,

    /// <summary>The host did another privileged instruction for the kernel, or skipped it (vector 13).</summary>
    Emulated,

    /// <summary>A device answered an instruction that touched its memory (vector 14).</summary>
    DeviceAccessed,

    /// <summary>A device, or nothing, answered a port instruction of the kernel (vector 13).</summary>
    PortAccessed,
}

/// <summary>A trap of the guest other than a hypercall.</summary>
public sealed record TrapEvent : LguestEvent
{
    public override EventKinds Kind => EventKinds.Trap;

    /// <summary>The vector, 0 to 255.</summary>
    public required byte Vector { get; init; }

    /// <summary>Its usual short name, such as #PF or int 0x80.</summary>
    public string Name => Cpu.Vector.Name(Vector);

    /// <summary>The error code, for vectors that have one.</summary>
    public required uint? ErrorCode { get; init; }

    /// <summary>For vector 14 the faulting linear address.</summary>
    public required uint? Address { get; init; }

    /// <summary>Where it happened: the faulting instruction, or the one after a software interrupt.</summary>
    public required uint Eip { get; init; }

    /// <summary>Where in the kernel <see cref="Eip"/> is, such as schedule+0x1a; null if that is not known.</summary>
    public string? Symbol => Header.Symbols?.Describe(Eip);

    /// <summary>The privilege level it came from: 1 is the guest's kernel, 3 its programs.</summary>
    public required int PrivilegeLevel { get; init; }

    public required TrapOutcome Outcome { get; init; }

    /// <summary>What the instruction did with a device or a port, such as <c>write device_status of block0 = 0x0f</c>; null for any other trap.</summary>
    public string? Access => Accessed?.Text;

    /// <summary>Name of the device whose memory was accessed, such as block0; null if no device answered there, and for any other trap.</summary>
    public string? Device => Accessed?.Device;

    /// <summary>The device's name for what was accessed, such as device_status.</summary>
    public string? Register => Accessed?.Register;

    /// <summary>The number of the port that was accessed, 0 to 65535; null for any other trap.</summary>
    public uint? Port => Accessed?.Port;

    /// <summary>The guest-physical address of the device memory that was accessed; null for any other trap.</summary>
    public uint? PhysicalAddress => Accessed?.PhysicalAddress;

    /// <summary>Whether the device or port was written; null if neither was accessed.</summary>
    public bool? IsWrite => Accessed?.IsWrite;

    /// <summary>Bytes that were read or written: 1, 2 or 4; null if none were.</summary>
    public int? Width => Accessed?.Width;

    /// <summary>What was read or written, zero-extended; null if nothing was.</summary>
    public uint? Value => Accessed?.Value;

    internal RegisterAccess? Accessed { get; init; }

    public override string Summary => Access is { } access
        ? $"{access} from ring {PrivilegeLevel} {Shown(Eip, Symbol)}"
        : $"{Name}{(Address is { } address ? $" at 0x{address:x8}" : "")}{(ErrorCode is { } code ? $" error {code:x}" : "")}"
        + $" from ring {PrivilegeLevel} {Shown(Eip, Symbol)}{(Outcome == TrapOutcome.Reflected ? "" : $" ({Outcome})")}";
}
