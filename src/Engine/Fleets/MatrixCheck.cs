using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace LguestPS;

/// <summary>Something that must hold of each guest of a matrix after its run. Of the conditions that are given, all must.</summary>
/// <param name="Name">What it is called in results.</param>
public sealed record MatrixCheck(string Name)
{
    private static readonly TimeSpan LongestSearch = TimeSpan.FromSeconds(10);

    /// <summary>How the guest must have ended.</summary>
    public EndingKind? Ending { get; init; }

    /// <summary>A regular expression that the reason of the ending must fit.</summary>
    public string? Reason { get; init; }

    /// <summary>A regular expression that must be found in the console's text.</summary>
    public string? Console { get; init; }

    /// <summary>A regular expression that must not be found there.</summary>
    public string? ConsoleNot { get; init; }

    /// <summary>The hash that the guest's events must have.</summary>
    public string? EventHash { get; init; }

    /// <summary>The most instructions.</summary>
    public long? InstructionsAtMost { get; init; }

    /// <summary>The longest time by the guest's clock.</summary>
    public TimeSpan? GuestTimeAtMost { get; init; }

    /// <summary>A PowerShell script that gets the ended guest as <c>$_</c> and must write something true.</summary>
    public string? Script { get; init; }

    /// <summary>What is wrong with it by itself; null if nothing is.</summary>
    public string? Problem =>
        string.IsNullOrWhiteSpace(Name) ? "a check needs a name"
        : (Ending, Reason, Console, ConsoleNot, EventHash, InstructionsAtMost, GuestTimeAtMost, Script) is (null, null, null, null, null, null, null, null) ? $"check '{Name}' has no condition"
        : Ending is { } ending && DefinitionText.ChoiceProblem(ending) is { } choice ? choice
        : (((string?[])[Reason, Console, ConsoleNot]).Select(ProblemOf).FirstOrDefault(problem => problem is not null));

    public override string ToString() => Name;

    /// <summary>Why it does not hold, without its script; null if it does.</summary>
    /// <param name="result">The guest's run.</param>
    /// <param name="console">All of the console's text.</param>
    internal string? Fault(MatrixResult result, string console)
    {
        if (Ending is { } ending && result.Ending != ending)
            return $"the guest has not ended as {DefinitionText.NameOf(ending)}: {(result.Ending is { } other ? $"{DefinitionText.NameOf(other)}, {result.Reason}" : result.Reason)}";
        if (Reason is { } reason && !Matches(reason, result.Reason)) return $"the reason is '{result.Reason}', which does not fit '{reason}'";
        if (Console is { } wanted && !Matches(wanted, console)) return $"the console has no '{wanted}'";
        if (ConsoleNot is { } unwanted && Find(unwanted, console) is { Success: true } found) return $"the console has '{Line(console, found)}'";
        if (EventHash is { } hash && !hash.Equals(result.EventHash, StringComparison.OrdinalIgnoreCase)) return $"the events have the hash {result.EventHash}, not {hash}";
        if (InstructionsAtMost is { } most && !(result.Instructions <= most))
            return result.Instructions is { } count ? $"it took {count} instructions, more than {most}" : "its instructions are not known on this CPU";
        if (GuestTimeAtMost is { } longest && result.GuestTime > longest) return $"it took {result.GuestTime.TotalSeconds} s of guest time, more than {longest.TotalSeconds} s";
        return null;
    }

    /// <summary>Writes it as a matrix file has it.</summary>
    internal void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        if (Ending is { } ending) json.WriteString("ending", DefinitionText.NameOf(ending));
        WriteText(json, "reason", Reason);
        WriteText(json, "console", Console);
        WriteText(json, "consoleNot", ConsoleNot);
        WriteText(json, "eventHash", EventHash);
        if (InstructionsAtMost is { } most) json.WriteNumber("instructionsAtMost", most);
        if (GuestTimeAtMost is { } longest) json.WriteString("guestTimeAtMost", string.Create(CultureInfo.InvariantCulture, $"{longest.TotalMilliseconds}ms"));
        WriteText(json, "script", Script);
        json.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null) json.WriteString(name, text);
    }

    private static bool Matches(string pattern, string text) => Find(pattern, text).Success;

    private static Match Find(string pattern, string text) => Regex.Match(text, pattern, RegexOptions.CultureInvariant | RegexOptions.Multiline, LongestSearch);

    private static string Line(string text, Match found)
    {
        int start = found.Index == 0 ? 0 : text.LastIndexOf('\n', found.Index - 1) + 1;
        int end = text.IndexOf('\n', found.Index);
        return text[start..(end < 0 ? text.Length : end)].Trim();
    }

    private static string? ProblemOf(string? pattern)
    {
        if (pattern is null) return null;
        try
        {
            _ = new Regex(pattern);
            return null;
        }
        catch (ArgumentException e)
        {
            return $"'{pattern}' is not a regular expression: {e.Message}";
        }
    }
}
