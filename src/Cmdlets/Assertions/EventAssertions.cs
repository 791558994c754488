using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Text;

namespace LguestPS.Cmdlets;

/// <summary>What the assertions that Register-LguestAssertion gives to Pester say about a list of events.</summary>
/// <remarks>Events may come from a job or a file, so these read properties by name and not from our types.</remarks>
public static class EventAssertions
{
    private const int MostShown = 12;

    /// <summary>The hypercall is among the events: at least once, or exactly <paramref name="times"/> times.</summary>
    /// <param name="events">The events.</param>
    /// <param name="name">Its name, perhaps with wildcards.</param>
    /// <param name="times">How often; null for at least once.</param>
    /// <param name="argument">Values that its arguments must have, by name.</param>
    /// <param name="negate">Whether it should not be so.</param>
    /// <param name="because">Why it should.</param>
    public static AssertionResult HaveHypercall(object? events, string name, int? times, Hashtable? argument, bool negate, string? because) => Judge(() =>
    {
        PSObject[] calls = [.. Items(events).Where(happened => Text(happened, nameof(LguestEvent.Kind)) == nameof(EventKinds.Hypercall))];
        WildcardPattern pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
        CheckHypercall(name, pattern, calls.Select(call => Text(call, nameof(HypercallEvent.Name))));
        ArgumentValues wanted = new(pattern, argument);
        int count = calls.Count(call => pattern.IsMatch(Text(call, nameof(HypercallEvent.Name))) && wanted.Fit(call));
        string often = times is { } exactly ? $"exactly {Times(exactly)}" : "at least once";
        string expected = negate && times is null ? $"no hypercall {name}{wanted}" : $"hypercall {name}{wanted} {(negate ? "not " : "")}{often}";
        return Result(times is null ? count > 0 : count == times, negate, because, expected, Made(calls),
            $"Expected {expected},{Reason(because)} but it was {(count == 0 ? "never made" : $"made {Times(count)}")}. {Made(calls)}");
    });

    /// <summary>The events happened in this order; others may stand between them, unless they must be consecutive.</summary>
    /// <param name="events">The events.</param>
    /// <param name="patterns">What each looks like: its line in a trace of either detail, wildcards allowed, such as <c>console &lt;- "*tick*"</c>.</param>
    /// <param name="consecutive">Whether nothing may stand between them.</param>
    /// <param name="negate">Whether it should not be so.</param>
    /// <param name="because">Why it should.</param>
    public static AssertionResult HaveEvents(object? events, string[] patterns, bool consecutive, bool negate, string? because) => Judge(() =>
    {
        (string Name, string Full)[] lines = [.. Items(events).Select(happened => (TraceLine.Of(happened, TraceDetail.Names), TraceLine.Of(happened, TraceDetail.Arguments)))];
        WildcardPattern[] wanted = [.. patterns.Select(pattern => WildcardPattern.Get(pattern, WildcardOptions.IgnoreCase))];
        for (int i = 0; i < patterns.Length; i++)
            if (!Array.Exists(lines, line => Matches(line, wanted[i])) && KnownLines.Problem(patterns[i]) is { } problem) throw new LguestException(LguestError.InvalidDefinition, problem);
        int found = consecutive ? LongestRun(lines, wanted, out int after) : InOrder(lines, wanted, out after);
        StringBuilder message = new($"Expected the events {(negate ? "not " : "")}to have{(consecutive ? ", one right after another" : ", in this order")},{Reason(because)}".TrimEnd(',') + ":");
        for (int i = 0; i < patterns.Length; i++) message.Append($"\n  {(i < found ? "found  " : i == found ? "missing" : "       ")} {patterns[i]}");
        string there = Show(lines.Skip(after).Select(line => line.Full));
        if (!negate) message.Append(found == 0 ? "\nThe events are:" : $"\nAfter event {after} there are:").Append(there);
        return Result(found == patterns.Length, negate, because, $"{(negate ? "not " : "")}{string.Join("\n", patterns)}", there.TrimStart(), message.ToString());
    });

    /// <summary>The events are those of a golden file.</summary>
    /// <param name="events">The events.</param>
    /// <param name="path">A file that Export-LguestTrace wrote.</param>
    /// <param name="negate">Whether it should not be so.</param>
    /// <param name="because">Why it should.</param>
    public static AssertionResult MatchTrace(object? events, string path, bool negate, string? because) => Judge(() =>
    {
        Trace golden = Trace.Read(path);
        TraceDifference[] differences = [.. TraceDifference.Between(golden.Lines, Trace.Of(Items(events), golden.Detail).Lines)];
        string shown = Show(differences.Select(difference => $"{difference}"));
        string first = differences.Length == 0 ? "" : $" The first of {differences.Length} is at event {differences[0].DifferenceIndex}:{shown}";
        return Result(differences.Length == 0, negate, because, $"{(negate ? "other events than" : "the events of")} '{path}'", differences.Length == 0 ? "the same events" : shown.TrimStart(), negate
            ? $"Expected the events to differ from '{path}',{Reason(because)} but they are the same."
            : $"Expected the events to be those of '{path}',{Reason(because)} but there are differences (<= only there, => only here).{first}");
    });

    /// <summary>A question that cannot be asked, such as for an argument that is not there, fails the test whichever way it was asked.</summary>
    private static AssertionResult Judge(Func<AssertionResult> judge)
    {
        try
        {
            return judge();
        }
        catch (LguestException e)
        {
            return new AssertionResult(false, e.Message);
        }
    }

    private static AssertionResult Result(bool holds, bool negate, string? because, string expected, string actual, string message) =>
        holds != negate ? new(true, "") : new(false, message) { ExpectResult = new(expected, actual, because) };

    /// <summary>A name that nobody made and no era knows is misspelt.</summary>
    private static void CheckHypercall(string name, WildcardPattern pattern, IEnumerable<string> made)
    {
        if (!made.Concat(KnownLines.Hypercalls).Any(pattern.IsMatch))
            throw new LguestException(LguestError.InvalidDefinition, $"no ABI profile has a hypercall '{name}'{(KnownLines.Nearest(name, KnownLines.Hypercalls) is { } nearest ? $"; did you mean '{nearest}'?" : "")}");
    }

    private static int InOrder((string Name, string Full)[] lines, WildcardPattern[] wanted, out int after)
    {
        int found = 0;
        after = 0;
        for (int i = 0; i < lines.Length && found < wanted.Length; i++)
        {
            if (!Matches(lines[i], wanted[found])) continue;
            found++;
            after = i + 1;
        }
        return found;
    }

    private static int LongestRun((string Name, string Full)[] lines, WildcardPattern[] wanted, out int after)
    {
        int longest = 0;
        after = 0;
        for (int start = 0; start < lines.Length && longest < wanted.Length; start++)
        {
            int length = 0;
            while (length < wanted.Length && start + length < lines.Length && Matches(lines[start + length], wanted[length])) length++;
            if (length <= longest) continue;
            longest = length;
            after = start + length;
        }
        return longest;
    }

    private static bool Matches((string Name, string Full) line, WildcardPattern pattern) => pattern.IsMatch(line.Name) || pattern.IsMatch(line.Full);

    private static string Times(int count) => count switch { 1 => "once", 2 => "twice", _ => $"{count} times" };

    private static string Made(PSObject[] calls) => calls.Length == 0
        ? "There are no hypercalls among the events."
        : $"Made were: {string.Join(", ", calls.CountBy(call => Text(call, nameof(HypercallEvent.Name))).Select(made => $"{made.Key} × {made.Value}"))}.";

    private static string Show(IEnumerable<string> lines)
    {
        string[] all = [.. lines];
        StringBuilder text = new();
        foreach (string line in all.Take(MostShown)) text.Append("\n  ").Append(line);
        if (all.Length > MostShown) text.Append(CultureInfo.InvariantCulture, $"\n  … and {all.Length - MostShown} more");
        return all.Length == 0 ? " none." : text.ToString();
    }

    private static string Reason(string? because) => string.IsNullOrWhiteSpace(because) ? "" : $" because {because.Trim()},";

    internal static IEnumerable<PSObject> Items(object? events) => events switch
    {
        null => [],
        PSObject { BaseObject: IEnumerable and not string } wrapped => Items(wrapped.BaseObject),
        IEnumerable many and not string => many.Cast<object?>().Where(item => item is not null).Select(PSObject.AsPSObject),
        _ => [PSObject.AsPSObject(events)],
    };

    internal static string Text(PSObject happened, string property) => Convert.ToString(happened.Properties[property]?.Value, CultureInfo.InvariantCulture) ?? "";
}
