using System.Globalization;
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Reflection;
using LguestPS.Definitions;
using LguestPS.Terminals;

namespace LguestPS.Launcher;

/// <summary>What the user asked for: a definition, or the 2007 launcher's command line.</summary>
internal sealed class CommandLine
{
    private const string Description = """
        Runs a 32-bit paravirtual lguest guest.

          lguest [options] DEFINITION.yaml
          lguest [options] MiB KERNEL [kernel arguments...]
          lguest --describe=KERNEL
          lguest --matrix=MATRIX.yaml [--task=N] [--output=FOLDER]

        The second form is the command line of the 2007 launcher. As there, options may stand anywhere; --block,
        --sharenet, --usernet, --tap and --rng give the guest its devices in the order they are given in, with the console behind
        them, and writes to
        a --block go to the file (a definition's disks are snapshots unless it says otherwise). Write -- before kernel
        arguments that start with a dash.

        Standard input and output are the guest's console. If input is a terminal, every key goes to the guest at once,
        Ctrl-C too; Ctrl-] (or what --leave says) ends it, as do three Ctrl-C within a second. With --events, standard output
        carries events and nothing else: console output is in the DMA events of the device 'console'.

        Exit status: 0 the guest powered down; 1 it crashed or was killed; 2 bad usage, definition or file;
        3 a limit, a signal, Ctrl-C, the end of the input or a closed output stopped it;
        4 it asked to be started again, and was not to reboot (--no-reboot, --limit-reboots).
        """;

    private readonly ParseResult parsed;
    private readonly Argument<string[]> guest = new("guest") { Description = "A definition; or memory in MiB, a kernel and its arguments.", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string[]> block = new("--block") { HelpName = "file", Description = "A disk image (2007 form; repeatable)." };
    private readonly Option<string> initrd = new("--initrd") { HelpName = "file", Description = "An initial RAM disk (2007 form)." };
    private readonly Option<string[]> sharenet = new("--sharenet") { HelpName = "file", Description = "A network shared with other guests (2007 form)." };
    private readonly Option<string> tunnet = new("--tunnet") { Hidden = true };
    private readonly Option<string> cpus = new("--cpus") { Hidden = true };
    private readonly Option<string> usernet = new("--usernet") { Arity = ArgumentArity.Zero, Description = "A network with this host that needs no rights (repeatable)." };
    private readonly Option<string> loopback = new("--loopback") { Arity = ArgumentArity.Zero, Description = "With --usernet: let the guest reach every port of this host's 127.0.0.1." };
    private readonly Option<string[]> forward = new("--forward") { HelpName = "port:guestport", Description = "With --usernet: a port of this host that leads to the guest (repeatable)." };
    private readonly Option<string[]> names = new("--name") { HelpName = "name=address", Description = "With --usernet: a name that the guest finds by DNS (repeatable)." };
    private readonly Option<string> dns = new("--dns") { HelpName = "off|host", Description = "With --usernet: whether this host's resolver answers for all other names." };
    private readonly Option<string[]> reach = new("--reach") { HelpName = "port=address:port", Description = "With --usernet: a socket that the guest may reach (repeatable)." };
    private readonly Option<string> recordFrames = new("--record-frames") { HelpName = "file", Description = "With --usernet or --tap: write all frames to this file (pcapng)." };
    private readonly Option<string> replayFrames = new("--replay-frames") { HelpName = "file", Description = "With --usernet: give the guest the frames of this file instead." };
    private readonly Option<string[]> tap = new("--tap") { HelpName = "interface", Description = "A network over a TAP interface of this host (repeatable)." };
    private readonly Option<string> rng = new("--rng") { Arity = ArgumentArity.Zero, Description = "A source of random numbers, for guests from 2.6.27 on." };
    private readonly Option<string> events = new("--events") { HelpName = "table|jsonl", Description = "Show the guest's events instead of its console." };
    private readonly Option<string> trace = new("--trace") { HelpName = "file", Description = "Write the guest's events to this file, too; its ending says the format (.pftrace, .json, .otlp, .jsonl, .csv, .pcapng)." };
    private readonly Option<string> traceTime = new("--trace-time") { HelpName = "guest|host", Description = "With --trace: place events by the guest's time, the default, or by the host's, which shows what the host's work took." };
    private readonly Option<string> report = new("--report") { HelpName = "file", Description = "Write a report of the run to this HTML file. The emulated CPU then counts every instruction, and runs slowly." };
    private readonly Option<string> symbols = new("--symbols") { HelpName = "file", Description = "The kernel's System.map, to name its addresses in events (an ELF kernel names them itself)." };
    private readonly Option<string> summary = new("--summary") { Arity = ArgumentArity.Zero, Description = "At the end, count hypercalls, traps and interrupts on standard error, with the host's time for each." };
    private readonly Option<string[]> describe = new("--describe") { HelpName = "kernel", Description = "Say what a kernel's file tells of it, whether it runs and what it needs; run nothing (repeatable)." };
    private readonly Option<string> matrix = new("--matrix") { HelpName = "file", Description = "Run the guests of a matrix, or its share of them under a scheduler, and write a line of JSON for each." };
    private readonly Option<string> task = new("--task") { HelpName = "number", Description = "With --matrix: which share, from 0; without, SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX says it, or else all are run." };
    private readonly Option<string> cellsPerTask = new("--cells-per-task") { HelpName = "count", Description = "With --matrix: how many guests are a share; 1 unless it is given." };
    private readonly Option<string> output = new("--output") { HelpName = "folder", Description = "With --matrix: where results, recordings and consoles are kept; guests that have a result there are passed over." };
    private readonly Option<string> again = new("--again") { Arity = ArgumentArity.Zero, Description = "With --output: run guests again that have a result there." };
    private readonly Option<string> abi = new("--abi") { HelpName = "profile", Description = "The ABI profile, such as virtio-2.6.25; auto, the default, finds the kernel's own." };
    private readonly Option<string> cpu = new("--cpu") { HelpName = "auto|emulated|kvm", Description = "What runs the guest's instructions." };
    private readonly Option<string> clock = new("--clock") { HelpName = "host|virtual|events", Description = "What the guest's time is made of." };
    private readonly Option<string> tsc = new("--tsc") { HelpName = "auto|off", Description = "Whether the guest may use its time stamp counter as a clock." };
    private readonly Option<string> directTraps = new("--direct-traps") { HelpName = "auto|off", Description = "Whether KVM may hand the guest its system calls and page faults without an exit." };
    private readonly Option<string> compile = new("--compile") { HelpName = "auto|off", Description = "Whether the emulated CPU makes machine code of what runs often." };
    private readonly Option<string> sampleEvery = new("--sample-every") { HelpName = "instructions", Description = "Look every so many instructions where the guest is, and say on standard error at the end what ran most." };
    private readonly Option<string> limitTime = new("--limit-time") { HelpName = "time", Description = "Stop after this much host time, such as 30s." };
    private readonly Option<string> limitInstructions = new("--limit-instructions") { HelpName = "count", Description = "Stop after this many instructions." };
    private readonly Option<string> limitSockets = new("--limit-sockets") { HelpName = "count", Description = "At most this many sockets of this host for all of the guest's user networks." };
    private readonly Option<string> limitReboots = new("--limit-reboots") { HelpName = "count", Description = "Let the guest reboot at most so many times; asking once more ends it." };
    private readonly Option<string> noReboot = new("--no-reboot") { Arity = ArgumentArity.Zero, Description = "End with status 4 when the guest asks to be started again, instead of rebooting it." };
    private readonly Option<string> export = new("--export") { Arity = ArgumentArity.Zero, Description = "Write the guest's definition, with what the options change, as YAML; run nothing." };
    private readonly Option<string> select = new("--select") { HelpName = "name", Description = "The guest to run, of a definition with several." };
    private readonly Option<string> leave = new("--leave") { HelpName = "keys", Description = "The keys that end the guest at a terminal: Ctrl-] or, say, 'Ctrl-a x', where Ctrl-a twice sends one Ctrl-a." };
    private readonly Option<string> verbose = new("--verbose", "-v") { Arity = ArgumentArity.Zero, Description = "Say on standard error what is started and how it ended." };

    // Not the library's own options: those read their descriptions from resources, which costs milliseconds at every start.
    private readonly Option<string> help = new("--help", "-h") { Arity = ArgumentArity.Zero, Action = new HelpAction(), Description = "Show help." };
    private readonly Option<string> version = new("--version") { Arity = ArgumentArity.Zero, Action = new VersionAction(), Description = "Show the version." };

    private CommandLine(string[] arguments)
    {
        // Not the library's own root command: that takes /? and /h for help, which a kernel may have as arguments.
        Command root = new("lguest", Description)
        {
            guest, block, initrd, sharenet, usernet, loopback, forward, reach, names, dns, tap, recordFrames, replayFrames, rng, tunnet, cpus,
            events, trace, traceTime, report,
            symbols, summary, describe, abi, cpu, clock, tsc, directTraps, compile, sampleEvery,
            matrix, task, cellsPerTask, output, again,
            limitTime, limitInstructions, limitSockets, limitReboots, noReboot, export, select, leave, verbose, help, version,
        };
        parsed = root.Parse(arguments, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        if (WantsInformation) return;
        if (parsed.Errors.Count != 0) throw Refuse(parsed.Errors[0].Message.TrimEnd('.'));
        if (parsed.GetValue(tunnet) is not null) throw Refuse("--tunnet is not supported; use --usernet, which needs no rights, or --tap=INTERFACE");
        if (parsed.GetValue(cpus) is not (null or "1")) throw Refuse($"{cpus.Name}: {DefinitionText.OneProcessor}");
        if (MisplacedOption() is { } unknown) throw Refuse($"unknown option '{unknown}'{Hint(unknown, root)}");
        if (parsed.GetValue(leave) is { } keys) Leave = LeaveChordOf(keys);
        if (parsed.GetValue(events) is { } format) Events = OneOf<EventFormat>(events, format);
    }

    /// <summary>True for --help and --version.</summary>
    public bool WantsInformation => parsed.Action is not (null or ParseErrorAction);

    /// <summary>How to show events, or null to show the console.</summary>
    public EventFormat? Events { get; }

    /// <summary>The keys that end the guest at a terminal.</summary>
    public LeaveChord Leave { get; } = LeaveChord.Usual;

    /// <summary>The file for the guest's events, or null.</summary>
    /// <exception cref="LguestException">InvalidDefinition: its name says no format.</exception>
    public string? Trace
    {
        get
        {
            if (parsed.GetValue(trace) is not { } path) return null;
            string full = FullPath(trace.Name, path);
            _ = TraceFile.FormatOf(full);
            return full;
        }
    }

    /// <summary>By which time the events of <see cref="Trace"/> are placed.</summary>
    /// <exception cref="LguestException">InvalidDefinition: there is no such time, or no trace.</exception>
    public TimeAxis TraceTime => parsed.GetValue(traceTime) switch
    {
        null => TimeAxis.Guest,
        _ when parsed.GetValue(trace) is null => throw Refuse($"{traceTime.Name} goes with {trace.Name}"),
        var axis => OneOf<TimeAxis>(traceTime, axis),
    };

    /// <summary>The file for a report of the run, or null.</summary>
    /// <exception cref="LguestException">InvalidDefinition: it has no name.</exception>
    public string? Report => parsed.GetValue(report) is { } path ? FullPath(report.Name, path) : null;

    /// <summary>Whether to end with a summary.</summary>
    public bool Summary => parsed.GetResult(summary) is not null;

    /// <summary>Whether to write the definition instead of running its guest.</summary>
    public bool Exports => parsed.GetResult(export) is not null;

    public bool Verbose => parsed.GetResult(verbose) is not null;

    /// <summary>The kernels to describe instead of running a guest.</summary>
    /// <exception cref="LguestException">InvalidDefinition: there is a guest to run as well.</exception>
    public string[] Described => parsed.GetValue(describe) switch
    {
        null or [] => [],
        _ when parsed.GetValue(guest) is [var first, ..] => throw Refuse($"{describe.Name} runs no guest, so '{first}' is too much; for several kernels write {describe.Name} before each"),
        var kernels => [.. kernels.Select(kernel => FullPath(describe.Name, kernel))],
    };

    /// <summary>The cells of a matrix to run instead of a guest, or null.</summary>
    /// <exception cref="LguestException">InvalidDefinition: there is a guest to run as well, or a number is none.</exception>
    public MatrixTask? Matrix
    {
        get
        {
            if (parsed.GetValue(matrix) is not { } path)
            {
                foreach (Option option in (Option[])[task, cellsPerTask, output, again])
                    if (parsed.GetResult(option) is not null) throw Refuse($"{option.Name} goes with {matrix.Name}");
                return null;
            }
            if (parsed.GetValue(guest) is [var first, ..]) throw Refuse($"{matrix.Name} names the guests, so '{first}' is too much");
            if (parsed.GetResult(again) is not null && parsed.GetResult(output) is null) throw Refuse($"{again.Name} goes with {output.Name}");
            return new MatrixTask(
                FullPath(matrix.Name, path), parsed.GetValue(task) is { } number ? Number(task, number, least: 0) : null,
                parsed.GetValue(cellsPerTask) is { } cells ? Number(cellsPerTask, cells, least: 1) : 1,
                parsed.GetValue(output) is { } folder ? FullPath(output.Name, folder) : null, parsed.GetResult(again) is not null);
        }
    }

    /// <exception cref="LguestException">InvalidDefinition: what is wrong with it.</exception>
    public static CommandLine Parse(string[] arguments) => new(arguments);

    /// <summary>The help or the version.</summary>
    public string Information()
    {
        StringWriter writer = new();
        parsed.Invoke(new InvocationConfiguration { Output = writer, Error = writer });
        return writer.ToString();
    }

    /// <summary>The guest to run: the definition with what the options change.</summary>
    /// <exception cref="LguestException">InvalidDefinition or FileUnavailable.</exception>
    public GuestDefinition MakeDefinition()
    {
        string[] words = parsed.GetValue(guest) ?? [];
        GuestDefinition definition = words switch
        {
            [] => throw Refuse("which guest? Give a definition, or MiB and KERNEL; lguest --help explains"),
            [var only] when TryReadMemory(only, out _) => throw Refuse($"a kernel is missing after '{only}'"),
            [var only] => ReadDefinition(only),
            [var memory, var kernel, .. var arguments] => MakeDefinition(memory, kernel, arguments),
        };
        // Asked one by one, so that what is not given costs no start-up time.
        if (parsed.GetValue(abi) is { } profile) definition = definition with { Abi = profile };
        if (parsed.GetValue(symbols) is { } map) definition = definition with { Symbols = FullPath(symbols.Name, map) };
        if (parsed.GetValue(cpu) is { } choice) definition = definition with { Cpu = OneOf<CpuChoice>(cpu, choice) };
        if (parsed.GetValue(clock) is { } kind) definition = definition with { Clock = OneOf<ClockKind>(clock, kind) };
        if (parsed.GetValue(tsc) is { } use) definition = definition with { Tsc = OneOf<TscChoice>(tsc, use) };
        if (parsed.GetValue(directTraps) is { } who) definition = definition with { DirectTraps = OneOf<DirectTrapChoice>(directTraps, who) };
        if (parsed.GetValue(compile) is { } compiles) definition = definition with { Compile = OneOf<CompileChoice>(compile, compiles) };
        if (parsed.GetValue(sampleEvery) is { } period)
        {
            if (!long.TryParse(period, CultureInfo.InvariantCulture, out long instructions) || instructions < 1) throw Refuse($"{sampleEvery.Name}: '{period}' is not a number of instructions; 1000 is a good one");
            definition = definition with { SampleEvery = instructions };
        }
        if (parsed.GetValue(limitTime) is { } longest)
        {
            if (!DefinitionText.TryParseTime(longest, out TimeSpan time)) throw Refuse($"{limitTime.Name}: {DefinitionText.TimeProblem(longest)}");
            definition = definition with { Limits = definition.Limits with { Time = time } };
        }
        if (parsed.GetValue(limitInstructions) is { } most)
        {
            if (!DefinitionText.TryParseCount(most, out long count)) throw Refuse($"{limitInstructions.Name}: {DefinitionText.CountProblem(most)}");
            definition = definition with { Limits = definition.Limits with { Instructions = count } };
        }
        if (parsed.GetValue(limitSockets) is { } sockets)
        {
            if (!DefinitionText.TryParseCount(sockets, out long count)) throw Refuse($"{limitSockets.Name}: {DefinitionText.CountProblem(sockets)}");
            definition = definition with { Limits = definition.Limits with { Sockets = (int)Math.Clamp(count, int.MinValue, int.MaxValue) } };
        }
        if (parsed.GetValue(limitReboots) is { } reboots)
        {
            if (!DefinitionText.TryParseCount(reboots, out long count)) throw Refuse($"{limitReboots.Name}: {DefinitionText.CountProblem(reboots)}");
            definition = definition with { Limits = definition.Limits with { Reboots = count } };
        }
        if (parsed.GetResult(noReboot) is not null) definition = definition with { Reboot = false };
        foreach ((_, string problem) in definition.Validate()) throw Refuse(problem);
        return definition;
    }

    private GuestDefinition ReadDefinition(string path)
    {
        foreach (Option option in (Option[])[block, initrd, sharenet, usernet, loopback, forward, reach, names, dns, tap, recordFrames, replayFrames, rng])
            if (parsed.GetResult(option) is not null)
                throw Refuse($"{option.Name} goes with MiB and KERNEL; a definition names its own files");
        IReadOnlyList<GuestDefinition> guests = new GuestDefinitionReader().ReadAll(path);
        if (parsed.GetValue(select) is not { } wanted)
            return guests is [var only] ? only : throw Refuse($"'{path}' defines {guests.Count} guests: {string.Join(", ", guests.Select(guest => guest.Name))}; choose one with {select.Name}");
        return guests.FirstOrDefault(guest => guest.Name == wanted)
            ?? throw Refuse($"{select.Name}: '{path}' defines no guest '{wanted}'{DefinitionText.Instead(wanted, [.. guests.Select(guest => guest.Name)])}");
    }

    private GuestDefinition MakeDefinition(string memory, string kernel, string[] arguments)
    {
        if (!TryReadMemory(memory, out long mebibytes))
            throw Refuse(memory.EndsWith(".yaml", StringComparison.Ordinal) || memory.EndsWith(".yml", StringComparison.Ordinal)
                ? $"'{kernel}' is too much: a definition takes no arguments"
                : $"'{memory}' is not a number of MiB");
        if (Unattached() is { } problem) throw Refuse(problem);
        if (parsed.GetResult(select) is not null) throw Refuse($"{select.Name} goes with a definition");
        return new GuestDefinition
        {
            Name = GuestDefinition.NameFrom(Path.GetFileName(kernel)),
            Kernel = FullPath("the kernel", kernel),
            Initrd = parsed.GetValue(initrd) is { } path ? FullPath("--initrd", path) : null,
            Memory = mebibytes << 20,
            CommandLine = string.Join(' ', arguments),
            Devices = [.. DevicesInOrder(), new ConsoleDefinition()],
        };
    }

    private IEnumerable<DeviceDefinition> DevicesInOrder()
    {
        for (int i = 0; i < parsed.Tokens.Count; i++)
        {
            if (parsed.Tokens[i].Type != TokenType.Option) continue;
            if (parsed.Tokens[i].Value == usernet.Name) yield return MakeUserNet();
            if (parsed.Tokens[i].Value == rng.Name) yield return new EntropyDefinition();
            if (i + 1 == parsed.Tokens.Count) continue;
            string value = parsed.Tokens[i + 1].Value;
            if (parsed.Tokens[i].Value == tap.Name) yield return new TapNetDefinition(value) { Record = RecordPath() };
            if (parsed.Tokens[i].Value == block.Name) yield return new BlockDefinition(FullPath(block.Name, value), BlockMode.ReadWrite);
            if (parsed.Tokens[i].Value == sharenet.Name) yield return new SharedNetDefinition(FullPath(sharenet.Name, value));
        }
    }

    private UserNetDefinition MakeUserNet() => new()
    {
        Loopback = parsed.GetResult(loopback) is not null,
        Forward = [.. (parsed.GetValue(forward) ?? []).SelectMany(text => PortForward.TryParseRange(text, out IReadOnlyList<PortForward>? range) ? range : throw Refuse($"{forward.Name}: {PortForward.Problem(text)}"))],
        Names = [.. (parsed.GetValue(names) ?? []).Select(text => NetworkName.TryParse(text, out NetworkName? name) ? name : throw Refuse($"{names.Name}: {NetworkName.Problem(text)}"))],
        Dns = parsed.GetValue(dns) is { } who ? OneOf<DnsChoice>(dns, who) : DnsChoice.Off,
        Reach = [.. (parsed.GetValue(reach) ?? []).Select(text => PortReach.TryParse(text, Path.GetFullPath, out PortReach? port) ? port : throw Refuse($"{reach.Name}: {PortReach.Problem(text)}"))],
        Record = RecordPath(),
        Replay = parsed.GetValue(replayFrames) is { } path ? FullPath(replayFrames.Name, path) : null,
    };

    private string? RecordPath() => parsed.GetValue(recordFrames) is { } path ? FullPath(recordFrames.Name, path) : null;

    /// <summary>The options that say more about another one, without it.</summary>
    private string? Unattached()
    {
        bool user = parsed.GetResult(usernet) is not null;
        foreach (Option option in (Option[])[loopback, forward, reach, names, dns, replayFrames])
            if (parsed.GetResult(option) is not null && !user) return $"{option.Name} goes with {usernet.Name}";
        return parsed.GetResult(recordFrames) is not null && !user && parsed.GetResult(tap) is null ? $"{recordFrames.Name} goes with {usernet.Name} or {tap.Name}" : null;
    }

    /// <summary>A word that looks like an option but is not one, and does not follow the -- that would make it the kernel's.</summary>
    private string? MisplacedOption() => parsed.Tokens
        .TakeWhile(token => token.Type != TokenType.DoubleDash)
        .Where((token, i) => token.Type == TokenType.Argument && token.Value is ['-', _, ..] && !IsValueOfOption(i))
        .FirstOrDefault()?.Value;

    private bool IsValueOfOption(int index) => index > 0 && parsed.Tokens[index - 1] is { Type: TokenType.Option } before && OptionNamed(before.Value).Arity.MaximumNumberOfValues > 0;

    private Option OptionNamed(string name) => parsed.CommandResult.Command.Options.Single(option => option.Name == name || option.Aliases.Contains(name));

    private static string Hint(string unknown, Command root)
    {
        string name = unknown.Split('=')[0];
        return DefinitionText.Nearest(name, root.Options.Where(option => !option.Hidden).Select(option => option.Name)) is { } nearest
            ? $"; did you mean '{nearest}'?"
            : "; write -- before kernel arguments that start with a dash";
    }

    /// <summary>Memory as the 2007 launcher read it: 64, or 64m as its documentation wrote.</summary>
    private static bool TryReadMemory(string text, out long mebibytes)
    {
        string number = text.EndsWith("MiB", StringComparison.Ordinal) ? text[..^3] : text.TrimEnd('m', 'M');
        return DefinitionText.TryParseCount(number, out mebibytes) && mebibytes <= long.MaxValue >> 20;
    }

    private static string FullPath(string what, string path) =>
        path.Length == 0 || path.Contains('\0') ? throw Refuse($"{what} needs the path of a file") : Path.GetFullPath(path);

    private static int Number(Option<string> option, string text, int least) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least ? number : throw Refuse($"{option.Name}: '{text}' is not a number from {least} on");

    private static T OneOf<T>(Option<string> option, string text) where T : struct, Enum => DefinitionText.TryParseName(text, out T value)
        ? value
        : throw Refuse($"{option.Name}: unknown value '{text}'{DefinitionText.Instead(text, DefinitionText.Names<T>())}");

    private LeaveChord LeaveChordOf(string keys)
    {
        try
        {
            return LeaveChord.Parse(keys);
        }
        catch (LguestException e)
        {
            throw Refuse($"{leave.Name}: {e.Message}");
        }
    }

    private sealed class VersionAction : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine(typeof(Guest).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion);
            return 0;
        }
    }

    private static LguestException Refuse(string problem) => new(LguestError.InvalidDefinition, problem);
}
