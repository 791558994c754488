using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Security.Cryptography;
using System.Text;
using LguestPS.Events;

namespace LguestPS.Cmdlets;

/// <summary>An event as a line of a trace: only what is the same each time the same guest does the same thing.</summary>
/// <remarks>Events may come from a job or a file, so this reads properties by name and not from our types.</remarks>
internal static class TraceLine
{
    /// <summary>How a line says that data went to a device.</summary>
    public const string Sent = "<-";

    /// <summary>How a line says that data came from a device.</summary>
    public const string Received = "->";

    private const int LongestText = 256;

    private static readonly Dictionary<EventKinds, (LineTemplate Names, LineTemplate Arguments)> Templates = EventSchemas.All.ToDictionary(
        schema => schema.Kind,
        schema => (new LineTemplate(schema.NamesLine, schema.Fields), new LineTemplate(schema.ArgumentsLine, schema.Fields)));

    /// <exception cref="LguestException">InvalidDefinition: it is no event.</exception>
    public static string Of(PSObject happened, TraceDetail detail)
    {
        (LineTemplate Names, LineTemplate Arguments) templates = Templates[EventObject.SchemaOf(happened).Kind];
        return (detail == TraceDetail.Arguments ? templates.Arguments : templates.Names).Fill(field => Shown(happened, field));
    }

    /// <summary>A field as a line shows it; empty if the event does not have it.</summary>
    private static string Shown(PSObject happened, Field field) => (field.Format, Value(happened, field.Name)) switch
    {
        (FieldFormat.HexList, IEnumerable many) => string.Join(", ", many.Cast<object>().Select(Number)),
        (FieldFormat.Dump, IEnumerable bytes) => Data([.. bytes.Cast<object>().Select(item => LanguagePrimitives.ConvertTo<byte>(item))]),
        (_, null) => "",
        (FieldFormat.Hex, { } number) => Number(number),
        (FieldFormat.HexByte, { } number) => $"0x{LanguagePrimitives.ConvertTo<byte>(number):x2}",
        (_, { } direction) when field.Name == nameof(DmaEvent.Direction) => $"{direction}" == nameof(DmaDirection.Send) ? Sent : Received,
        (_, { } value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    /// <summary>Short text as text, all else by its length and SHA-256.</summary>
    private static string Data(byte[] data)
    {
        bool isText = data.Length is > 0 and <= LongestText && data.All(value => value is >= 0x20 and < 0x7F or (byte)'\n' or (byte)'\r' or (byte)'\t' or 0x1B);
        return isText
            ? QuotedText.Of(Encoding.ASCII.GetString(data), LongestText)
            : $"{data.Length} bytes{(data.Length == 0 ? "" : $" sha256 {Convert.ToHexStringLower(SHA256.HashData(data))}")}";
    }

    private static object? Value(PSObject happened, string property) =>
        happened.Properties[property]?.Value is { } value ? value is PSObject { BaseObject: { } inner } ? inner : value : null;

    private static string Number(object value) => $"0x{LanguagePrimitives.ConvertTo<uint>(value):x}";
}
