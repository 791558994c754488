namespace LguestPS;

/// <summary>Which calls of functions are asked for.</summary>
public sealed record CallQuery : HistoryQuery
{
    /// <summary>Names of functions; <c>*</c> and <c>?</c> stand for any letters and one, whatever their case.</summary>
    public required IReadOnlyList<string> Symbols { get; init; }

    /// <summary>Names that are not meant, likewise.</summary>
    public IReadOnlyList<string> ExcludeSymbols { get; init; } = [];

    public CallConvention Convention { get; init; }

    /// <summary>How many arguments are shown, 0 to 8; null for as many as the system call is known to have, else 3.</summary>
    public int? ArgumentCount { get; init; }
}
