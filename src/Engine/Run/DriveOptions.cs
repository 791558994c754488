namespace LguestPS;

/// <summary>Who drives a guest, and what they are told meanwhile.</summary>
public abstract record DriveOptions
{
    private protected DriveOptions()
    {
    }

    /// <summary>Who drives the guest, for the error another driver gets: "job 4", "lguest", …</summary>
    public required string Driver { get; init; }

    /// <summary>Which events are given.</summary>
    public EventFilter Filter { get; init; } = EventFilter.Everything;

    /// <summary>True to end a guest that asks to be started again, as <see cref="GuestDefinition.Reboot"/> can.</summary>
    public bool NoReboot { get; init; }

    /// <summary>Pause after this much host time; null for the definition's limit, if any.</summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>Called about four times a second, on the thread that drives the guest, while no event comes out; the guest stands still meanwhile.</summary>
    public Action? Pulse { get; init; }

    /// <summary>Receives console output as it is made, on the thread that drives the guest; the bytes are there until it returns.</summary>
    public Action<ReadOnlyMemory<byte>>? ConsoleOutput { get; init; }

    /// <summary>Receives, in a sentence, what goes wrong on the host's side, such as a full file system, or that the guest makes no progress; on the thread that drives the guest. It may use the guest, and wait for others who do.</summary>
    public Action<string>? Warning { get; init; }
}
