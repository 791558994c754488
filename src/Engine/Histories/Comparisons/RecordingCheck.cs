namespace LguestPS;

/// <summary>Whether a recorded run does the same when it is done again.</summary>
public sealed record RecordingCheck
{
    /// <summary>Name of the guest.</summary>
    public required string Guest { get; init; }

    /// <summary>The file; null for a guest's recording.</summary>
    public string? Path { get; init; }

    /// <summary>Whether all was the same.</summary>
    public bool Passed => Problem is null;

    /// <summary>The first thing that was not; null if there is none.</summary>
    public string? Problem { get; init; }

    /// <summary>The last place up to which all was the same; null if it all was.</summary>
    public RunPosition? Position { get; init; }

    /// <summary>Events that were held against the recorded ones, as far as the recording has any.</summary>
    public required long Events { get; init; }

    /// <summary>Instructions that were done again.</summary>
    public required long Instructions { get; init; }

    /// <summary>Checkpoints whose memory and registers were held against those of the guest that came there again.</summary>
    public required int Checkpoints { get; init; }

    public override string ToString() => Problem ?? $"{Guest}: the same to the end";
}
