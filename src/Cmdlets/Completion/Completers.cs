using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace LguestPS.Cmdlets;

/// <summary>Completes a word from a list of words with tooltips.</summary>
public abstract class WordCompleter : IArgumentCompleter
{
    public virtual IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string word = wordToComplete.Trim('\'', '"');
        WildcardPattern pattern = WildcardPattern.Get(word + "*", WildcardOptions.IgnoreCase);
        return Words(fakeBoundParameters)
            .Where(entry => pattern.IsMatch(entry.Word))
            .DistinctBy(entry => entry.Word, StringComparer.OrdinalIgnoreCase)
            .Select(entry => new CompletionResult(entry.Word, entry.Word, CompletionResultType.ParameterValue, entry.ToolTip));
    }

    private protected abstract IEnumerable<(string Word, string ToolTip)> Words(IDictionary bound);

    /// <summary>The guest named earlier on the command line, if there is one.</summary>
    internal static Guest? BoundGuest(IDictionary bound)
    {
        object? value = bound["Guest"] ?? bound["Name"] ?? bound["InputObject"];
        if (value is PSObject wrapped) value = wrapped.BaseObject;
        return value as Guest ?? (value is string name ? GuestRegistry.Find(name) : null);
    }
}

/// <summary>Completes the names of guests.</summary>
public class GuestNameCompleter : WordCompleter
{
    private protected override IEnumerable<(string Word, string ToolTip)> Words(IDictionary bound) =>
        GuestRegistry.All.Select(guest => (guest.Name, $"{guest.Name}: {guest.State}, {guest.Standstill}"));
}

/// <summary>Completes the names of guests, then files.</summary>
public sealed class GuestCompleter : GuestNameCompleter
{
    public override IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        IEnumerable<CompletionResult> names = base.CompleteArgument(commandName, parameterName, wordToComplete, commandAst, fakeBoundParameters);
        return commandName.StartsWith("St", StringComparison.OrdinalIgnoreCase) && !commandName.StartsWith("Stop", StringComparison.OrdinalIgnoreCase)
            ? names.Concat(CompletionCompleters.CompleteFilename(wordToComplete))
            : names;
    }
}

/// <summary>Completes the names of the guests that a file defines.</summary>
public sealed class FileGuestCompleter : WordCompleter
{
    // The location is the session's, and only a script is told it.
    private static readonly ScriptBlock ToFullPath = ScriptBlock.Create("$ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($args[0])");

    private protected override IEnumerable<(string Word, string ToolTip)> Words(IDictionary bound)
    {
        object? file = bound["Path"] ?? bound["Guest"];
        if (file is PSObject wrapped) file = wrapped.BaseObject;
        if ((file is object[] several ? $"{several[0]}" : $"{file}") is not { Length: > 0 } path) return [];
        try
        {
            return LguestCommand.GuestsIn($"{ToFullPath.InvokeReturnAsIs(path.Trim('\'', '"'))}").Select(guest => (guest.Name, guest.Kernel));
        }
        catch (Exception e) when (e is LguestException or RuntimeException)
        {
            return [];      // the cmdlet itself will say what is wrong with it
        }
    }
}

/// <summary>Completes places in a run: its ends, and how others are written.</summary>
public sealed class PositionCompleter : WordCompleter
{
    private protected override IEnumerable<(string Word, string ToolTip)> Words(IDictionary bound) =>
    [
        ("Start", "where the recording begins"), ("Now", "where the run has come to, with what waited there"), ("50%", "half of the run's instructions"),
        ("100M", "after 100,000,000 instructions"), ("1.5s", "at that guest time; ns, us, ms, s, m and h"), ("'#100'", "just before event 100"),
    ];
}

/// <summary>Completes hypercall names: those of the guest's ABI profile, or of all.</summary>
public sealed class HypercallCompleter : WordCompleter
{
    private protected override IEnumerable<(string Word, string ToolTip)> Words(IDictionary bound) =>
        (BoundGuest(bound) is { } guest ? [guest.Abi] : AbiProfile.All)
            .SelectMany(profile => profile.Hypercalls)
            .OrderBy(call => call.Name, StringComparer.Ordinal)
            .Select(call => (call.Name, $"{call.Name}({string.Join(", ", call.Parameters.Select(parameter => parameter.Name))})"));
}

/// <summary>Completes the names devices have in events.</summary>
public sealed class DeviceNameCompleter : WordCompleter
{
    private protected override IEnumerable<(string Word, string ToolTip)> Words(IDictionary bound)
    {
        if (BoundGuest(bound) is not { } guest) return [("console", "the console"), ("block0", "the first disk"), ("net0", "the first network")];
        int disks = 0, nets = 0;
        return guest.Definition.Devices.Select(device => device switch
        {
            BlockDefinition => ($"block{disks++}", Views.DeviceText(device)),
            NetDefinition => ($"net{nets++}", Views.DeviceText(device)),
            _ => ("console", "the console"),
        }).ToArray();
    }
}

/// <summary>Completes the names of traps.</summary>
public sealed class TrapCompleter : WordCompleter
{
    private const byte NamedTraps = 20;
    private const byte SystemCall = 0x80;

    private protected override IEnumerable<(string Word, string ToolTip)> Words(IDictionary bound) =>
        Enumerable.Range(0, NamedTraps).Append(SystemCall)
            .Select(vector => (Vector: vector, Name: TrapTarget.NameOf((byte)vector)))
            .Where(trap => trap.Name.StartsWith('#') || trap.Vector == SystemCall)
            .Select(trap => ($"'{trap.Name}'", $"{trap.Name}, vector {trap.Vector}"));
}

/// <summary>Completes the numbers of breakpoints.</summary>
public sealed class BreakpointCompleter : WordCompleter
{
    private protected override IEnumerable<(string Word, string ToolTip)> Words(IDictionary bound) =>
        BreakpointList.All.Select(breakpoint => ($"{breakpoint.Id}", $"{breakpoint.Guest}: {breakpoint.What}"));
}

/// <summary>Completes kinds of device.</summary>
public sealed class DeviceKindCompleter : WordCompleter
{
    private protected override IEnumerable<(string Word, string ToolTip)> Words(IDictionary bound) =>
        [("console", "a console"), ("@{ block = '' }", "a disk: path of its image"), ("@{ net = '' }", "a network that guests share: path of its file"), ("@{ net = 'user' }", "a network with this host")];
}

/// <summary>Completes the names of ABI profiles.</summary>
public sealed class AbiProfileCompleter : WordCompleter
{
    private protected override IEnumerable<(string Word, string ToolTip)> Words(IDictionary bound) =>
        AbiProfile.All.Select(profile => (profile.Name, profile.Kernels));
}

/// <summary>Completes what a guest's definition may say of its ABI profile.</summary>
public sealed class AbiChoiceCompleter : WordCompleter
{
    private protected override IEnumerable<(string Word, string ToolTip)> Words(IDictionary bound) =>
        AbiProfile.All.Select(profile => (profile.Name, profile.Kernels))
            .Prepend((AbiProfile.Automatic, "the kernel's own, found in its image"));
}

/// <summary>Completes the symbols of the guest's kernel; of the only guest, if none is named yet.</summary>
public sealed class AddressCompleter : WordCompleter
{
    private const int Most = 200;

    // Thousands of names: only those that fit are made into results.
    public override IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        try
        {
            return Symbols(fakeBoundParameters)?.StartingWith(wordToComplete.Trim('\'', '"')).Take(Most)
                .Select(name => new CompletionResult(name, name, CompletionResultType.ParameterValue, name)) ?? [];
        }
        catch (LguestException)
        {
            return [];      // symbols that cannot be read; the cmdlet itself will say so
        }
    }

    private protected override IEnumerable<(string Word, string ToolTip)> Words(IDictionary bound) => [];

    private static SymbolTable? Symbols(IDictionary bound) => (BoundGuest(bound) ?? (GuestRegistry.All is [var only] ? only : null))?.Symbols;
}

/// <summary>Completes the names of registers.</summary>
public sealed class RegisterNameCompleter : WordCompleter
{
    private protected override IEnumerable<(string Word, string ToolTip)> Words(IDictionary bound) =>
        GuestInspector.RegisterNames.Select(name => (name, name));
}

/// <summary>Completes chords of keys that leave a console.</summary>
public sealed class LeaveChordCompleter : WordCompleter
{
    private protected override IEnumerable<(string Word, string ToolTip)> Words(IDictionary bound) =>
        [("Ctrl-]", "as in telnet"), ("'Ctrl-a x'", "as in QEMU"), ("'Ctrl-p Ctrl-q'", "as in docker")];
}

/// <summary>Completes the table of a hypercall's arguments: each of its arguments, and all of them.</summary>
public sealed class HypercallArgumentCompleter : WordCompleter
{
    public override IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        "@{".StartsWith(wordToComplete, StringComparison.Ordinal) ? base.CompleteArgument(commandName, parameterName, "", commandAst, fakeBoundParameters) : [];

    private protected override IEnumerable<(string Word, string ToolTip)> Words(IDictionary bound)
    {
        Guest? guest = BoundGuest(bound) ?? (GuestRegistry.All is [var only] ? only : null);
        HypercallDefinition? call = $"{bound["Hypercall"]}" is { Length: > 0 } name
            ? (guest is null ? AbiProfile.All : [guest.Abi]).SelectMany(profile => profile.Hypercalls).FirstOrDefault(one => string.Equals(one.Name, name, StringComparison.OrdinalIgnoreCase))
            : guest?.NextCall is { } next ? guest.Abi.FindCall(next.Number) : null;
        if (call is null || call.Parameters.Count == 0) return [];
        string[] entries = [.. call.Parameters.Select(parameter => $"{parameter.Name} = 0")];
        IEnumerable<(string, string)> each = entries.Select(entry => ($"@{{ {entry} }}", $"{call.Name}: {entry.Split(' ')[0]}"));
        return entries.Length == 1 ? each : each.Append(($"@{{ {string.Join("; ", entries)} }}", $"{call.Name}: all of its arguments"));
    }
}
