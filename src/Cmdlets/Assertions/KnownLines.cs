using System.Text.RegularExpressions;
using LguestPS.Events;

namespace LguestPS.Cmdlets;

/// <summary>Which lines a trace can have at all, so that a pattern with a misspelt name is an error, and not just never found.</summary>
internal static partial class KnownLines
{
    private static readonly string Number = $"{Glob.Digit}{Glob.Digits}";

    private static readonly string[] DeviceNames = ["console", "rng", $"block{Number}", $"net{Number}"];

    private static readonly Lazy<string[]> Lines = new(() => [.. EventSchemas.All.SelectMany(LinesOf).Distinct()]);

    private static readonly Lazy<string[]> Words = new(() =>
    [
        .. Lines.Value.SelectMany(line => Word().Matches(line.Replace(Number, "0", StringComparison.Ordinal)).Select(word => word.Value)).Where(word => word.Length > 2).Distinct(),
    ]);

    /// <summary>All hypercalls of all eras.</summary>
    public static IReadOnlyList<string> Hypercalls { get; } = [.. AbiProfile.All.SelectMany(profile => profile.Hypercalls).Select(call => call.Name).Distinct()];

    /// <summary>What is wrong with a pattern that no line of any event can match; null if some can.</summary>
    public static string? Problem(string pattern)
    {
        if (IsPossible(pattern)) return null;
        string instead = Nearest(pattern) is { } nearest ? $"; did you mean '{nearest}'?" : "; about_Lguest_Testing shows the lines that events have";
        return $"no event has a line like '{pattern}'{instead}";
    }

    /// <summary>The known name that was probably meant by one with or without wildcards; null if none is near.</summary>
    public static string? Nearest(string pattern, IEnumerable<string> known)
    {
        string word = pattern.Trim('*');
        string? nearest = DefinitionText.Nearest(word, Known(known, word.Length, pattern.StartsWith('*'), pattern.EndsWith('*')));
        return nearest is null ? null : pattern.Replace(word, nearest, StringComparison.Ordinal);
    }

    /// <summary>Ends a message about an unknown name, with or without wildcards: with what was probably meant, or with all that is known.</summary>
    public static string Instead(string pattern, IReadOnlyCollection<string> known) =>
        Nearest(pattern, known) is { } nearest ? $"; did you mean '{nearest}'?" : DefinitionText.Instead(pattern, known);

    private static bool IsPossible(string pattern)
    {
        string glob = Glob.Of(pattern);
        return Lines.Value.Any(line => Glob.Meet(glob, line));
    }

    /// <summary>The pattern with one word put right, if that makes it possible.</summary>
    private static string? Nearest(string pattern)
    {
        foreach (Match word in Word().Matches(pattern))
        {
            string rest = pattern[(word.Index + word.Length)..];
            bool before = word.Index > 0 && pattern[word.Index - 1] == '*';
            if (DefinitionText.Nearest(word.Value, Known(Words.Value, word.Length, before, rest.StartsWith('*'))) is { } nearest && $"{pattern[..word.Index]}{nearest}{rest}" is var better && IsPossible(better)) return better;
        }
        return null;
    }

    /// <summary>The names, and what of them can stand after or before an asterisk: their ends and beginnings of about a length.</summary>
    private static IEnumerable<string> Known(IEnumerable<string> names, int length, bool after, bool before)
    {
        int[] lengths = [.. new[] { length, length - 1, length + 1 }.Where(some => some > 0)];
        IEnumerable<string> Parts(Func<string, int, string> part) => lengths.SelectMany(some => names.Where(name => name.Length >= some).Select(name => part(name, some)));
        if (before) return names.Concat(Parts((name, some) => name[..some]));
        return after ? names.Concat(Parts((name, some) => name[^some..])) : names;
    }

    private static IEnumerable<string> LinesOf(EventSchema schema) =>
        new[] { schema.NamesLine, schema.ArgumentsLine }.SelectMany(line => new LineTemplate(line, schema.Fields).Texts(field => Values(schema, field)));

    /// <summary>What a field may hold, as far as that is a matter of names.</summary>
    private static IEnumerable<string> Values(EventSchema schema, Field field)
    {
        Type declared = schema.EventType.GetProperty(field.Name)!.PropertyType, type = Nullable.GetUnderlyingType(declared) ?? declared;
        return (schema.Kind, field.Name) switch
        {
            (EventKinds.Hypercall, nameof(HypercallEvent.Name)) => [.. Hypercalls, $"UNKNOWN_{Number}"],
            (EventKinds.Trap, nameof(TrapEvent.Name)) => Enumerable.Range(0, 1 << 8).Select(vector => TrapTarget.NameOf((byte)vector)),
            (_, nameof(DmaEvent.Device)) => DeviceNames,
            (_, nameof(DmaEvent.Direction)) => [TraceLine.Sent, TraceLine.Received],
            _ when type.IsEnum => Enum.GetNames(type),
            _ when field.Format is FieldFormat.Hex or FieldFormat.HexByte => [$"0x{Glob.Rest}"],
            _ when type == typeof(int) || type == typeof(long) || type == typeof(uint) || type == typeof(byte) => [Number],
            _ => [$"{Glob.Rest}"],
        };
    }

    [GeneratedRegex("[#A-Za-z_][#A-Za-z0-9_]*")]
    private static partial Regex Word();
}
