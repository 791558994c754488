namespace LguestPS;

/// <summary>An entry of a guest's global descriptor table.</summary>
public sealed record GuestDescriptor : GuestView
{
    /// <summary>Its number, 0 to 31.</summary>
    public required int Index { get; init; }

    /// <summary>The selector that names it, for the ring it is meant for.</summary>
    public ushort Selector => (ushort)(Index << 3 | PrivilegeLevel);

    /// <summary>The descriptor in force: what the guest loaded, made safe (ABI §6). 0 is empty.</summary>
    public required ulong Value { get; init; }

    /// <summary>The descriptor as the guest last loaded it; null if it never did.</summary>
    public required ulong? Loaded { get; init; }

    /// <summary>What <see cref="Value"/> means.</summary>
    public required string Meaning { get; init; }

    /// <summary>Linear address of the segment's first byte.</summary>
    public required uint Base { get; init; }

    /// <summary>Offset of the segment's last byte.</summary>
    public required uint Limit { get; init; }

    /// <summary>The ring the segment is for.</summary>
    public required int PrivilegeLevel { get; init; }

    public required bool IsPresent { get; init; }
}

/// <summary>A gate of a guest's interrupt descriptor table.</summary>
public sealed record GuestGate : GuestView
{
    /// <summary>The vector, 0 to 255.</summary>
    public required byte Vector { get; init; }

    /// <summary>Its usual short name, such as #PF or int 0x80.</summary>
    public required string Name { get; init; }

    /// <summary>Linear address of the guest's handler.</summary>
    public required uint Handler { get; init; }

    /// <summary>Where in the kernel that is; null if that is not known.</summary>
    public required string? Symbol { get; init; }

    /// <summary>Whether entering it switches the guest's interrupts off: an interrupt gate, not a trap gate.</summary>
    public required bool DisablesInterrupts { get; init; }

    /// <summary>The outermost ring from which an <c>int</c> may use it.</summary>
    public required int PrivilegeLevel { get; init; }
}
