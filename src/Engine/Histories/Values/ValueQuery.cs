namespace LguestPS;

/// <summary>Which value is asked for.</summary>
public sealed record ValueQuery : HistoryQuery
{
    /// <summary>A general register or a part of one, such as eax or dl; else null.</summary>
    public string? Register { get; init; }

    /// <summary>If there is no register, the linear address of the value.</summary>
    public uint Address { get; init; }

    /// <summary>Bytes at the address: 1 to 8.</summary>
    public uint Length { get; init; } = 4;

    /// <summary>How many steps back at most.</summary>
    public int MostSteps { get; init; } = 64;
}
