namespace LguestPS.Tests.Soak;

/// <summary>What a soak was asked for.</summary>
internal sealed record SoakOptions
{
    public required TimeSpan Time { get; init; }
    public required int Seed { get; init; }

    /// <summary>A Linux, or null: then only guests of this repository's are used.</summary>
    public string? Kernel { get; init; }
    public string? Initrd { get; init; }

    /// <summary>A folder for disks, checkpoints and whatever else the guests need.</summary>
    public required string Work { get; init; }

    /// <summary>How many guests are made and ended in one process.</summary>
    public required int Guests { get; init; }

    /// <summary>On how many threads.</summary>
    public required int Threads { get; init; }

    /// <summary>The initrd with the load in it.</summary>
    public string LoadedInitrd => Path.Combine(Work, "initrd");
}
