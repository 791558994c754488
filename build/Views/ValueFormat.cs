namespace LguestPS.ViewFiles;

/// <summary>The PowerShell that shows a property in a format: the one that is named, or the one of its type.</summary>
/// <remarks>An unsigned number of 32 bits is an address or a register unless something else is said, so none is shown in decimal by oversight.</remarks>
internal sealed class ValueFormat
{
    private const string Views = "[LguestPS.Cmdlets.Views]::";

    public ValueFormat(string property, string format, Type? type, bool inList)
    {
        string value = $"$_.{property}";
        string name = format.Length > 0 ? format : FormatOf(type, inList);
        Script = name switch
        {
            "plain" => property.Contains('.') ? value : null,
            "hex" => $"{Views}Hex({value})",
            "x" or "x2" or "x4" or "x16" => $"if ($null -ne {value}) {{ '0x{{0:{name}}}' -f {value} }}",
            "N0" or "F1" => $"'{{0:{name}}}' -f {value}",
            "F3" => $"'{{0:F3}}' -f {value}.TotalSeconds",
            "seconds" => inList ? $"{Views}Seconds({value}) + ' s'" : $"{Views}Seconds({value})",
            "o" => $"{value}.ToString('o')",
            "size" => $"{Views}Bytes({value})",
            "dump" => $"{Views}Dump({value})",
            "join" => $"{value} -join ' '",
            _ => null,
        };
        if (Script is null && name != "plain") Problem = $"'{format}' is not a format";
    }

    public string? Script { get; }

    public string? Problem { get; }

    private static string FormatOf(Type? type, bool inList)
    {
        type = type is null ? null : Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(uint) || type == typeof(uint[])) return "hex";
        if (type == typeof(TimeSpan)) return "seconds";
        if (type == typeof(DateTime)) return "o";
        if (type == typeof(byte[]) && inList) return "dump";
        return "plain";
    }
}
