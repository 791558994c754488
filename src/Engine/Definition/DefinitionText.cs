using System.Globalization;
using System.Net;

namespace LguestPS;

/// <summary>How the values of a guest definition are written, wherever they are: in YAML, on a command line, as a cmdlet's parameter.</summary>
public static class DefinitionText
{
    /// <summary>What is said to someone who asks for more processors, or none.</summary>
    public const string OneProcessor = "a guest has one processor, as lguest always had it; a kernel built for several (CONFIG_SMP) runs on it";

    /// <summary>The names of an enumeration's values as a definition writes them: readOnly, not ReadOnly.</summary>
    /// <remarks>Here and below the runtime is asked for the type, not for its own generic methods: those it compiles for each enumeration at each start.</remarks>
    public static IReadOnlyList<string> Names<T>() where T : struct, Enum => [.. Enum.GetNames(typeof(T)).Select(CamelCase)];

    /// <summary>How a definition writes this value.</summary>
    public static string NameOf<T>(T value) where T : struct, Enum => CamelCase(value.ToString());

    /// <summary>The value with this name, in exactly this spelling.</summary>
    public static bool TryParseName<T>(string text, out T value) where T : struct, Enum
    {
        foreach (string name in Enum.GetNames(typeof(T)))
        {
            if (CamelCase(name) != text) continue;
            value = (T)Enum.Parse(typeof(T), name);
            return true;
        }
        value = default;
        return false;
    }

    /// <summary>Reads a size: a number of bytes, or a number with KiB, MiB or GiB.</summary>
    public static bool TryParseSize(string text, out long bytes)
    {
        bytes = 0;
        int digits = CountDigits(text);
        long unit = text[digits..] switch
        {
            "" => 1,
            "KiB" => 1L << 10,
            "MiB" => 1L << 20,
            "GiB" => 1L << 30,
            _ => 0,
        };
        if (unit == 0 || !TryParseCount(text[..digits], out long number) || number > long.MaxValue / unit) return false;
        bytes = number * unit;
        return true;
    }

    /// <summary>What is wrong with a size that could not be read, and what to write instead.</summary>
    public static string SizeProblem(string text)
    {
        string number = text[..CountDigits(text)];
        string? unit = text[number.Length..].TrimStart() switch
        {
            ['k' or 'K', ..] => "KiB",
            ['m' or 'M', ..] => "MiB",
            ['g' or 'G', ..] => "GiB",
            _ => null,
        };
        if (number.Length != 0 && (text == number || text == number + unit)) return $"'{text}' is larger than any memory";
        return number.Length != 0 && unit is not null
            ? $"'{text}' is not a size; did you mean '{number}{unit}'?"
            : $"'{text}' is not a size; write bytes, or a number with KiB, MiB or GiB, such as 64MiB";
    }

    /// <summary>Reads a length of time: a number with ms, s, m or h (30s, 500ms, 2m), or hh:mm:ss.</summary>
    public static bool TryParseTime(string text, out TimeSpan time)
    {
        if (TimeSpan.TryParseExact(text, [@"h\:mm\:ss", @"hh\:mm\:ss"], CultureInfo.InvariantCulture, out time)) return true;
        int unitStart = text.AsSpan().TrimEnd("hms").Length;
        long ticks = text[unitStart..] switch
        {
            "ms" => TimeSpan.TicksPerMillisecond,
            "s" => TimeSpan.TicksPerSecond,
            "m" => TimeSpan.TicksPerMinute,
            "h" => TimeSpan.TicksPerHour,
            _ => 0,
        };
        if (ticks == 0 || !double.TryParse(text.AsSpan(0, unitStart), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)) return false;
        if (number * ticks >= TimeSpan.MaxValue.Ticks) return false;
        time = TimeSpan.FromTicks((long)(number * ticks));
        return true;
    }

    /// <summary>What is wrong with a length of time that could not be read.</summary>
    public static string TimeProblem(string text) => $"'{text}' is not a length of time; write it like 30s, 500ms, 2m or 00:00:30";

    /// <summary>Reads a count of instructions.</summary>
    public static bool TryParseCount(string text, out long count) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count);

    /// <summary>What is wrong with a count that could not be read.</summary>
    public static string CountProblem(string text) => $"'{text}' is not a whole number";

    /// <summary>What is wrong with a number that is none of an enumeration's; null if it is one, as 0 always is.</summary>
    public static string? ChoiceProblem<T>(T value)
        where T : struct, Enum =>
        // To look for the others, the runtime compiles code at each start.
        value.Equals(default(T)) || typeof(T).IsEnumDefined(value) ? null : $"{value:d} is no {typeof(T).Name}; give {string.Join(", ", Enum.GetNames<T>())}";

    /// <summary>Reads a range of addresses: the first of them, a slash, and how many bits they have in common.</summary>
    public static bool TryParseNetwork(string text, out IPNetwork network) => IPNetwork.TryParse(text, out network) && network.ToString() == text;

    /// <summary>What is wrong with a network that could not be read.</summary>
    public static string NetworkProblem(string text) => $"'{text}' is not a network; write its first address and a prefix, such as 10.0.2.0/24";

    /// <summary>Ends a message about an unknown name: with the known name nearest to it, or with all of them.</summary>
    public static string Instead(string unknown, IReadOnlyCollection<string> known) => Nearest(unknown, known) is { } nearest
        ? $"; did you mean '{nearest}'?"
        : known.Count == 1 ? $"; only '{known.First()}' is known" : $"; known are {string.Join(", ", known)}";

    /// <summary>The known name that somebody probably meant, or null if none is near.</summary>
    public static string? Nearest(string unknown, IEnumerable<string> known)
    {
        (string? Name, int Distance) best = (null, int.MaxValue);
        foreach (string name in known)
        {
            int distance = Distance(unknown.ToLowerInvariant(), name.ToLowerInvariant());
            if (distance < best.Distance) best = (name, distance);
        }
        return best.Distance <= Math.Max(1, Math.Min(unknown.Length, best.Name?.Length ?? 0) / 3) ? best.Name : null;
    }

    /// <summary>Letters to insert, remove, replace, or swap with their neighbour, to get from one word to the other.</summary>
    private static int Distance(string from, string to)
    {
        if (Math.Abs(from.Length - to.Length) > 8) return int.MaxValue;
        int[,] cost = new int[from.Length + 1, to.Length + 1];
        for (int i = 0; i <= from.Length; i++) cost[i, 0] = i;
        for (int j = 0; j <= to.Length; j++) cost[0, j] = j;
        for (int i = 1; i <= from.Length; i++)
        {
            for (int j = 1; j <= to.Length; j++)
            {
                int replace = cost[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                cost[i, j] = Math.Min(replace, Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1);
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                    cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
            }
        }
        return cost[from.Length, to.Length];
    }

    private static string CamelCase(string name) => char.ToLowerInvariant(name[0]) + name[1..];

    private static int CountDigits(string text)
    {
        int count = 0;
        while (count < text.Length && char.IsAsciiDigit(text[count])) count++;
        return count;
    }
}
