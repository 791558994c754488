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

    public override string Summary =>
        $"{Name}{(Address is { } address ? $" at 0x{address:x8}" : "")}{(ErrorCode is { } code ? $" error {code:x}" : "")}"
        + $" from ring {PrivilegeLevel} {Shown(Eip, Symbol)}{(Outcome == TrapOutcome.Reflected ? "" : $" ({Outcome})")}";
}
