using System.Collections;
using System.Globalization;
using System.Management.Automation;
using LguestPS.Events;

namespace LguestPS.Cmdlets;

/// <summary>An event that may come from a job, a file or another computer: its fields are read by their names.</summary>
internal static class EventObject
{
    private static readonly Dictionary<string, EventSchema> Schemas = EventSchemas.All.ToDictionary(schema => $"{schema.Kind}", StringComparer.OrdinalIgnoreCase);

    /// <summary>The table of its kind.</summary>
    /// <exception cref="LguestException">InvalidDefinition: it is no event.</exception>
    public static EventSchema SchemaOf(PSObject happened)
    {
        string kind = Convert.ToString(Value(happened, nameof(LguestEvent.Kind)), CultureInfo.InvariantCulture) ?? "";
        if (kind.Length == 0) throw new LguestException(LguestError.InvalidDefinition, $"'{happened}' is not an event of a guest");
        return Schemas.TryGetValue(kind, out EventSchema? schema)
            ? schema
            : throw new LguestException(LguestError.InvalidDefinition, $"'{happened}' is an event of kind '{kind}'; the kinds are {string.Join(", ", Schemas.Keys)}. Events that a computer with an older version of the module sent lose their kinds");
    }

    /// <summary>Gives an exporter the fields that it takes.</summary>
    /// <exception cref="LguestException">InvalidDefinition: a field is not what such an event has.</exception>
    public static void Give(PSObject happened, IReadOnlyList<Field> fields, Outputs output, IFieldSink sink)
    {
        foreach (Field field in fields)
        {
            if ((field.Outputs & output) == 0) continue;
            try
            {
                Give(field, Value(happened, field.Name), sink);
            }
            catch (PSInvalidCastException e)
            {
                throw new LguestException(LguestError.InvalidDefinition, $"'{happened}' is not an event of a guest: its {field.Name} is '{Value(happened, field.Name)}'", e);
            }
        }
    }

    private static void Give(Field field, object? value, IFieldSink sink)
    {
        switch (field.Format)
        {
            case FieldFormat.Seconds:
                sink.Time(field, value is null ? default : LanguagePrimitives.ConvertTo<TimeSpan>(value));
                break;
            case FieldFormat.Instant:
                sink.Instant(field, value is null ? default : LanguagePrimitives.ConvertTo<DateTime>(value).ToUniversalTime());
                break;
            case FieldFormat.HexList:
                sink.Numbers(field, [.. Items(value).Select(LanguagePrimitives.ConvertTo<uint>)]);
                break;
            case FieldFormat.Dump:
                sink.Bytes(field, value as byte[] ?? [.. Items(value).Select(LanguagePrimitives.ConvertTo<byte>)]);
                break;
            case FieldFormat.Parts:
                GiveList(field, value, sink);
                break;
            default:
                GivePlain(field, value, sink);
                break;
        }
    }

    private static void GiveList(Field field, object? value, IFieldSink sink)
    {
        sink.StartList(field);
        foreach (object part in Items(value))
        {
            sink.StartPart();
            Give(PSObject.AsPSObject(part), field.Parts, Outputs.Lines, sink);
            sink.EndPart();
        }
        sink.EndList();
    }

    private static void GivePlain(Field field, object? value, IFieldSink sink)
    {
        switch (value)
        {
            case null:
                sink.Text(field, null);
                break;
            case string or Enum:
                sink.Text(field, value.ToString());
                break;
            case bool flag:
                sink.Flag(field, flag);
                break;
            default:
                sink.Number(field, LanguagePrimitives.ConvertTo<long>(value));
                break;
        }
    }

    private static IEnumerable<object> Items(object? value) => value is IEnumerable many and not string ? many.Cast<object>().Where(item => item is not null) : [];

    private static object? Value(PSObject happened, string property) =>
        happened.Properties[property]?.Value is { } value ? value is PSObject { BaseObject: { } inner } and not { BaseObject: PSCustomObject } ? inner : value : null;
}
