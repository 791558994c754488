namespace LguestPS;

/// <summary>Which accesses to memory are asked for.</summary>
public sealed record MemoryAccessQuery : HistoryQuery
{
    /// <summary>The most bytes that can be asked for.</summary>
    public const uint LongestRange = 1 << 20;

    /// <summary>Linear address of the first byte, in whatever process.</summary>
    public required uint Address { get; init; }

    /// <summary>Bytes, at least 1; the range must not wrap.</summary>
    public uint Length { get; init; } = 4;

    /// <summary>What is asked for: any of Read, Write and Execute.</summary>
    public MemoryAccess Access { get; init; } = MemoryAccess.Write;
}
