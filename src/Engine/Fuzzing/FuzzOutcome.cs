namespace LguestPS.Fuzzing;

/// <summary>What became of a run.</summary>
internal sealed record FuzzOutcome
{
    /// <summary>Where the guest stood at the end of it.</summary>
    public required Standstill Standstill { get; init; }

    /// <summary>How it ended; null if it could go on.</summary>
    public GuestEnding? Ending { get; init; }

    /// <summary>What tells the ending from others, or null.</summary>
    public string? EndingSignature { get; init; }

    /// <summary>What tells the fault that the kernel wrote of from others, or null.</summary>
    public string? Fault { get; init; }

    /// <summary>What the guest has written in this run.</summary>
    public byte[] Console { get; init; } = [];

    /// <summary>Instructions of this run.</summary>
    public required long Instructions { get; init; }

    public required RunPosition End { get; init; }

    /// <summary>Where the guest stood, in words.</summary>
    public string? Location { get; init; }

    /// <summary>The edges that were taken as nobody has before as far as the run knew, and how often, in classes.</summary>
    public IReadOnlyList<(ushort Edge, byte Class)> Edges { get; init; } = [];
}
