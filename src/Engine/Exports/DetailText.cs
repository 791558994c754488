using System.Text;
using LguestPS.Events;

namespace LguestPS.Exports;

/// <summary>Fields of events as texts, for formats that have nothing better.</summary>
internal static class DetailText
{
    private const int MostBytes = 32;
    private const int LongestText = 1024;

    /// <summary>Whether a field is shown beside the name of its event: it is not what <see cref="EventNames"/> says already.</summary>
    public static bool IsShown(in RecordedField field) =>
        field.Field.Name is not (nameof(HypercallEvent.Name)) && (field.Kind != RecordedKind.List || field.Number > 1) && (field.Kind != RecordedKind.Bytes || field.Length > 0);

    /// <summary>A text of a guest, cut if it is very long.</summary>
    public static string Cut(string text) => text.Length <= LongestText ? text : $"{text.AsSpan(0, char.IsHighSurrogate(text[LongestText - 1]) ? LongestText - 1 : LongestText)}…";

    public static string Numbers(ReadOnlySpan<uint> numbers)
    {
        StringBuilder text = new();
        foreach (uint number in numbers) text.Append(text.Length == 0 ? "" : " ").Append($"0x{number:x8}");
        return text.ToString();
    }

    /// <summary>How many bytes there are, and the first of them.</summary>
    public static string Bytes(ReadOnlySpan<byte> bytes) =>
        $"{bytes.Length} bytes: {Convert.ToHexStringLower(bytes[..Math.Min(bytes.Length, MostBytes)])}{(bytes.Length > MostBytes ? "…" : "")}";

    public static bool IsHex(Field field) => field.Format is FieldFormat.Hex or FieldFormat.HexByte;
}
