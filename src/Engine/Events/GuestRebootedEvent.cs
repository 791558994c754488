namespace LguestPS;

/// <summary>A guest was rebooted in place: it begins again at its kernel's first instruction, and its events go on.</summary>
public sealed record GuestRebootedEvent : LguestEvent
{
    public override EventKinds Kind => EventKinds.Rebooted;

    /// <summary>How often it has been rebooted, this time included.</summary>
    public required long Reboots { get; init; }

    /// <summary>Who rebooted it, such as the command that was used; null if it asked for it itself.</summary>
    public string? By { get; init; }

    /// <summary>Where the guest stood before.</summary>
    public required uint Eip { get; init; }

    /// <summary>Where in the kernel <see cref="Eip"/> is, such as machine_restart+0x1a; null if that is not known.</summary>
    public string? Symbol => Header.Symbols?.Describe(Eip);

    public override string Summary => $"reboot {Reboots}{(By is { } who ? $" by {who}" : "")}";
}
