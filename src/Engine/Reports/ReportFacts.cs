namespace LguestPS.Reports;

/// <summary>What is known of a guest beside its events.</summary>
internal sealed record ReportFacts
{
    /// <summary>The name of its kernel's file, without the folder; null if it is not known.</summary>
    public string? Kernel { get; init; }

    public string? Abi { get; init; }

    /// <summary>The CPU it ran on.</summary>
    public string? Cpu { get; init; }

    public string? Clock { get; init; }

    /// <summary>Bytes of memory.</summary>
    public long? Memory { get; init; }

    /// <summary>Instructions it ran; null if they were not counted.</summary>
    public long? Instructions { get; init; }

    /// <summary>Where the report is from, in a sentence.</summary>
    public required string Origin { get; init; }

    public RunSummary? Summary { get; init; }

    public static ReportFacts Of(Guest guest, string origin) => Of(guest.Definition, origin) with
    {
        Abi = guest.Abi.Name,
        Cpu = guest.CpuName,
        Instructions = guest.InstructionCount,
        Summary = guest.Summary,
    };

    public static ReportFacts Of(GuestDefinition definition, string origin) => new()
    {
        Kernel = Path.GetFileName(definition.Kernel),
        Clock = DefinitionText.NameOf(definition.Clock),
        Memory = definition.Memory,
        Origin = origin,
    };
}
