using System.Text;

namespace LguestPS.Gdb;

/// <summary>What gdb's <c>monitor</c> can do beyond gdb's own commands: hypercalls, places of the run, checkpoints.</summary>
internal sealed class GdbMonitor(Guest guest, GdbRun run)
{
    private const string By = "gdb";

    private const string Help = """
        where                       how far the run has come, and what is next
        goto POSITION               to any place of the run: 500M (an instruction), 1.5s (a time),
                                    #1234 (just before an event), 50%, start, now
        hypercall                   the call that is next, with its arguments
        hypercall next [NAME]       on to before the next call, or the next of that name
        hypercall last [NAME]       back to before the last one
        hypercall set NAME=VALUE …  changes arguments of the call that is next
        hypercall skip [RESULT]     leaves out the call that is next
        hypercall invoke NAME [ARGUMENT …]
                                    makes a call in the guest's name
        checkpoint [LABEL]          keeps the guest as it is
        checkpoints                 lists what was kept
        restart ID                  back to a checkpoint
        help                        this

        """;

    private readonly List<Checkpoint> checkpoints = [];

    /// <summary>Whether the last command took the guest to another place.</summary>
    public bool HasMoved { get; private set; }

    /// <summary>Does what a user wrote.</summary>
    /// <returns>What to show, in whole lines.</returns>
    public string Do(string command)
    {
        HasMoved = false;
        string[] words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        try
        {
            string answer = words switch
            {
                [] or ["help", ..] => Help,
                ["where"] => Where(),
                ["goto", string place] => GoTo(PositionExpression.Parse(place)),
                ["hypercall"] => NextCall(),
                ["hypercall", "next", .. string[] name] when name.Length < 2 => Moved(run.ToCall(Number(name)) ? "" : "there was none\n"),
                ["hypercall", "last", .. string[] name] when name.Length < 2 => Moved(run.BackToCall(Number(name)) ? "" : "there was none; this is where the recording begins\n"),
                ["hypercall", "set", _, ..] => Set(words[2..]),
                ["hypercall", "skip", .. string[] result] when result.Length < 2 => Skip(result),
                ["hypercall", "invoke", string name, .. string[] arguments] => Invoke(name, arguments),
                ["checkpoint", .. string[] label] => Keep(string.Join(' ', label)),
                ["checkpoints"] => List(),
                ["restart", string id] => Restart(id),
                _ => $"'{Shown(command)}' is no command here; monitor help lists them\n",
            };
            return answer;
        }
        catch (LguestException e)
        {
            return $"{e.Message}\n";
        }
        catch (OperationCanceledException)
        {
            return Moved("interrupted\n");
        }
    }

    private string Where()
    {
        StringBuilder text = new($"{guest.Name}: {guest.Location}\n{guest.RunPosition}\n");
        if (guest.Timeline is { Start: { } start, Now: { } now }) text.Append($"recorded from {start} to {now}{(guest.IsInPast ? "; this is the past" : "")}\n");
        else text.Append("not recorded, so there is no way back\n");
        return $"{text}";
    }

    private string GoTo(PositionExpression place) =>
        Moved(run.MoveTo(place) ? "" : $"it did not get to {place}: {guest.StateReason}\n");

    private string NextCall() => guest.NextCall is { } call
        ? $"{call}{(call.Slot is { } slot ? $" in ring slot {slot}" : "")}{(guest.Machine.Pending.Transfer is { } transfer ? $"; before it {transfer.Words}" : "")}\n"
        : $"no hypercall is pending: {guest.Location}\n";

    private string Set(IEnumerable<string> assignments)
    {
        Hypercall next = guest.NextCall ?? throw new LguestException(LguestError.NoPendingHypercall, $"Guest '{guest.Name}' is not stopped at a hypercall. It stands here: {guest.StateReason}.");
        List<ArgumentMatch> changes = [];
        foreach (string assignment in assignments)
        {
            if (assignment.Split('=', 2) is not [string name, string value]) throw Invalid($"'{Shown(assignment)}' is not NAME=VALUE");
            IReadOnlyList<HypercallParameter> parameters = next.Definition?.Parameters ?? [];
            HypercallParameter parameter = parameters.FirstOrDefault(one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                ?? throw Invalid($"{next.Name} has no argument '{Shown(name)}'{DefinitionText.Instead(name, [.. parameters.Select(one => one.Name)])}");
            changes.Add(new ArgumentMatch(parameter.Index, parameter.Name, guest.Inspector.Address(value)));
        }
        return $"{guest.Hypercalls.Set(By, changes)}\n";
    }

    private string Skip(string[] result)
    {
        Hypercall? skipped = guest.NextCall;
        guest.Hypercalls.Skip(By, result is [string value] ? guest.Inspector.Address(value) : null);
        return $"skipped {skipped}\n";
    }

    private string Invoke(string name, string[] arguments)
    {
        uint[] words = [.. arguments.Select(argument => guest.Inspector.Address(argument))];
        return guest.Hypercalls.Invoke(By, Number([name])!.Value, words) is { } result ? $"{name} = 0x{result:x8}\n" : $"{name} is done\n";
    }

    private string Keep(string label)
    {
        checkpoints.Add(guest.TakeCheckpoint(label));
        return $"checkpoint {checkpoints.Count}: {guest.RunPosition}\n";
    }

    private string List() => checkpoints.Count == 0 ? "there are none\n"
        : string.Concat(checkpoints.Select((kept, index) => $"{index + 1,3}  {kept.Position}{(kept.Label.Length > 0 ? $"  ({kept.Label})" : "")}\n"));

    private string Restart(string id)
    {
        if (!int.TryParse(id, out int number) || number < 1 || number > checkpoints.Count) throw Invalid($"there is no checkpoint '{Shown(id)}'; monitor checkpoints lists them");
        Checkpoint kept = checkpoints[number - 1];
        // Within what was recorded nothing of that is lost on the way.
        if (guest.IsRecorded) return GoTo(PositionExpression.Of(kept.Position));
        guest.Restore(kept);
        return Moved("");
    }

    /// <summary>gdb does not ask again by itself where its program is.</summary>
    private string Moved(string text)
    {
        HasMoved = true;
        return $"{text}{Where()}gdb still shows where it was: maintenance flush register-cache\n";
    }

    private uint? Number(string[] name)
    {
        if (name is not [string wanted]) return null;
        return guest.Abi.Hypercalls.FirstOrDefault(call => call.Name.Equals(wanted, StringComparison.OrdinalIgnoreCase) || $"{call.Number}" == wanted)?.Number
            ?? throw Invalid($"ABI profile '{guest.Abi.Name}' has no hypercall '{Shown(wanted)}'{DefinitionText.Instead(wanted, [.. guest.Abi.Hypercalls.Select(call => call.Name)])}");
    }

    private static LguestException Invalid(string problem) => new(LguestError.InvalidValue, problem);

    private static string Shown(string text) => string.Concat(text.Take(60).Select(letter => char.IsControl(letter) ? '?' : letter)) + (text.Length > 60 ? "…" : "");
}
