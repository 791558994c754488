using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Text;

namespace LguestPS.Cmdlets;

/// <summary>How memory is shown.</summary>
public static partial class Views
{
    private const int MostBytesShown = 4096;
    private const int BytesOfRow = 16;

    /// <summary>A block of memory as a hex dump with its own addresses.</summary>
    public static string Block(PSObject block)
    {
        byte[] bytes = LanguagePrimitives.ConvertTo<byte[]>(block.Properties["Bytes"]?.Value);
        uint address = LanguagePrimitives.ConvertTo<uint>(block.Properties["Address"]?.Value);
        string symbol = Text(block, "Symbol");
        StringBuilder text = new(symbol.Length > 0 ? $"<{symbol}>\n" : "");
        for (int at = 0; at < Math.Min(bytes.Length, MostBytesShown); at += BytesOfRow)
        {
            ReadOnlySpan<byte> row = bytes.AsSpan(at, Math.Min(BytesOfRow, bytes.Length - at));
            text.Append($"0x{address + (uint)at:x8}  ");
            for (int i = 0; i < BytesOfRow; i++) text.Append(i < row.Length ? $"{row[i]:x2} " : "   ").Append(i == BytesOfRow / 2 - 1 ? " " : "");
            text.Append(' ').Append(Printable(row)).Append('\n');
        }
        if (bytes.Length > MostBytesShown) text.Append($"… {bytes.Length - MostBytesShown} more bytes\n");
        return text.ToString();
    }

    /// <summary>The first bytes in hexadecimal.</summary>
    public static string Bytes(byte[]? bytes, int most) => bytes is null ? ""
        : string.Join(' ', bytes.Take(most).Select(value => $"{value:x2}")) + (bytes.Length > most ? "…" : "");

    /// <summary>The first bytes as text, a dot for what cannot be printed.</summary>
    public static string Printable(byte[]? bytes, int most) => bytes is null ? "" : Printable(bytes.AsSpan(0, Math.Min(bytes.Length, most)));

    /// <summary>All bits of a number.</summary>
    public static string Bits(object? value) => Plain(value) switch
    {
        byte or sbyte => $"0x{value:x2}",
        ushort or short => $"0x{value:x4}",
        uint or int => $"0x{value:x8}",
        ulong or long => $"0x{value:x16}",
        _ => "",
    };

    /// <summary>A value in few characters; text in quotes.</summary>
    public static string Shown(object? value) => Plain(value) switch
    {
        string text => QuotedText.Of(text, LongestText),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        var other => $"{other}",
    };

    /// <summary>The value of a field: numbers in hexadecimal, arrays by their first elements.</summary>
    public static string Field(object? value)
    {
        object? plain = Plain(value);
        if (plain is byte[] bytes) return Bytes(bytes, 8);
        if (plain is not IEnumerable many || plain is string) return Bits(plain) is { Length: > 0 } bits ? bits : Shown(plain);
        object?[] all = [.. many.Cast<object?>()];
        return string.Join(' ', all.Take(2).Select(Field)) + (all.Length > 2 ? "…" : "");
    }

    /// <summary>A structure: what and where it is, then a line for each field.</summary>
    public static string Structure(PSObject structure)
    {
        string symbol = Text(structure, "Symbol");
        return $"{Text(structure, "Type")} at {Hex(structure.Properties["Address"]?.Value)}"
            + $"{(Text(structure, "Physical") == "True" ? " (physical)" : "")}{(symbol.Length > 0 ? $" <{symbol}>" : "")}\n{Fields(structure)}\n";
    }

    /// <summary>A line for each field of a structure.</summary>
    public static string Fields(PSObject structure)
    {
        if (Plain(structure.Properties["Fields"]?.Value) is not IEnumerable fields) return "";
        PSObject[] all = [.. fields.Cast<object>().Select(PSObject.AsPSObject)];
        int names = all.Max(field => Text(field, "Name").Length), values = all.Max(field => Field(field.Properties["Value"]?.Value).Length);
        return string.Join('\n', all.Select(field =>
            $"{Text(field, "Offset"),6}  {Text(field, "Name").PadRight(names)}  {Field(field.Properties["Value"]?.Value).PadRight(values)}  {Text(field, "Meaning")}".TrimEnd()));
    }

    /// <summary>The entries of a walk, a line each.</summary>
    public static string Entries(object? entries) => Plain(entries) is not IEnumerable many ? "" : string.Join('\n', many.Cast<object>().Select(PSObject.AsPSObject).Select(entry =>
        $"{Text(entry, "Level"),-9} entry 0x{entry.Properties["Index"]?.Value:x3} at {Hex(entry.Properties["EntryAddress"]?.Value)}: {Hex(entry.Properties["Value"]?.Value)}"
        + $"  {Text(entry, "Flags")}{(Text(entry, "Problem") is "bad" ? " (bad)" : "")}"));

    private static object? Plain(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;

    private static string Printable(ReadOnlySpan<byte> bytes)
    {
        StringBuilder text = new(bytes.Length);
        foreach (byte value in bytes) text.Append(value is >= 0x20 and < 0x7f ? (char)value : '.');
        return text.ToString();
    }
}
