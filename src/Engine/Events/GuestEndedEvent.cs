namespace LguestPS;

/// <summary>The end of a guest: always its last event.</summary>
public sealed record GuestEndedEvent : LguestEvent
{
    public override EventKinds Kind => EventKinds.Ended;

    public required EndingKind Ending { get; init; }

    /// <summary>Why, in the words of ABI §11 or of the guest's own CRASH text.</summary>
    public required string Reason { get; init; }

    /// <summary>Where the guest stood.</summary>
    public required uint Eip { get; init; }

    /// <summary>Where in the kernel <see cref="Eip"/> is, such as schedule+0x1a; null if that is not known.</summary>
    public string? Symbol => Header.Symbols?.Describe(Eip);

    public override string Summary => $"ended: {Reason}";
}
