using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using LguestPS.Tests.Fuzz;
using LguestPS.Tests.Fuzz.Guided;

Argument<string[]> names = new("target") { Description = "What to fuzz; without, everything in turn.", Arity = ArgumentArity.ZeroOrMore };
Option<int> seed = new("--seed") { Description = "The first case's seed; each case has the next one.", DefaultValueFactory = _ => RandomNumberGenerator.GetInt32(int.MaxValue) };
Option<long> cases = new("--cases") { Description = "Cases of each target at most.", DefaultValueFactory = _ => long.MaxValue };
Option<double> seconds = new("--seconds") { Description = "Seconds for each target.", DefaultValueFactory = _ => 10 };
Option<double> longest = new("--longest") { Description = "Seconds that one case may take before it counts as a hang.", DefaultValueFactory = _ => 60 };
Option<DirectoryInfo> finds = new("--finds") { Description = "Where finds are kept, as tapes with a text beside each, and totals.tsv.", DefaultValueFactory = _ => new DirectoryInfo("fuzz-finds") };
Option<FileInfo[]> replay = new("--replay") { Description = "Tries these tapes of the one target instead, each twice.", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = true };
Option<FileInfo[]> sum = new("--sum") { Description = "Adds up files of totals instead.", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = true };
Option<bool> list = new("--list") { Description = "Lists the targets." };

RootCommand root = new("Fuzzes LguestPS: tries random cases of each target and makes what breaks a promise small.") { names, seed, cases, seconds, longest, finds, replay, sum, list };
foreach (Command command in GuidedCommands.All) root.Subcommands.Add(command);
root.SetAction(parsed =>
{
    if (parsed.GetValue(list)) return List();
    if (parsed.GetValue(sum) is { Length: > 0 } totals) return Sum(totals);
    string[] chosen = parsed.GetValue(names) is { Length: > 0 } some ? some : [.. Names()];
    if (chosen.Except(Names()).FirstOrDefault() is { } unknown)
    {
        Console.Error.WriteLine($"There is no target '{unknown}'; there are {string.Join(", ", Names())}.");
        return 2;
    }
    return parsed.GetValue(replay) is { Length: > 0 } tapes ? Replay(chosen, tapes) : Fuzz(chosen, parsed);
});
return root.Parse(args).Invoke();

static IEnumerable<string> Names()
{
    foreach (Func<FuzzTarget> make in FuzzTarget.All)
    {
        using FuzzTarget target = make();
        yield return target.Name;
    }
}

static int List()
{
    foreach (Func<FuzzTarget> make in FuzzTarget.All)
    {
        using FuzzTarget target = make();
        Console.WriteLine($"{target.Name,-16} {target.Promise}{(target.WhyNot is null ? "" : $" (not here: {target.WhyNot})")}");
    }
    return 0;
}

static int Sum(FileInfo[] files)
{
    foreach (FuzzTotals totals in FuzzTotals.Sum([.. files.SelectMany(file => File.ReadLines(file.FullName)).Select(FuzzTotals.Parse).OfType<FuzzTotals>()])) Console.WriteLine(totals);
    return 0;
}

static int Replay(string[] chosen, FileInfo[] tapes)
{
    if (chosen.Length != 1)
    {
        Console.Error.WriteLine("Say which target the tapes are of.");
        return 2;
    }
    using FuzzTarget target = FuzzTarget.Make(chosen[0]);
    int broken = 0;
    foreach (FileInfo tape in tapes)
    {
        string? problem = Fuzzer.TryTwice(target, new TapeRandom(File.ReadAllBytes(tape.FullName)));
        Console.WriteLine($"{tape.Name}: {problem ?? "as promised"}");
        if (problem is not null) broken++;
    }
    return broken == 0 ? 0 : 1;
}

int Fuzz(string[] chosen, ParseResult parsed)
{
    int first = parsed.GetValue(seed);
    long found = 0;
    FindFolder folder = new(parsed.GetValue(finds)!);
    using CancellationTokenSource stop = new();
    void OnSignal(PosixSignalContext signal)
    {
        signal.Cancel = true;
        stop.Cancel();
    }
    // A run that is ended early says what it did until then.
    using PosixSignalRegistration term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal), interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal),
        hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal);
    foreach (string name in chosen)
    {
        if (stop.IsCancellationRequested) break;
        using FuzzTarget target = FuzzTarget.Make(name);
        if (target.WhyNot is not null)
        {
            Console.WriteLine($"{name,-16} not run: {target.WhyNot}");
            continue;
        }
        if (target.TakesPart is { } who) Console.WriteLine($"{name,-16} {who}");
        Stopwatch clock = Stopwatch.StartNew();
        Fuzzer fuzzer = null!;
        fuzzer = new(target, hanging =>
        {
            Console.Error.WriteLine($"{name}: the case of seed {hanging} has not ended within {parsed.GetValue(longest)} s. Try it with: {name} --seed {hanging} --cases 1");
            folder.Note(Totals(1, 1));
            Environment.Exit(3);
        }, TimeSpan.FromSeconds(parsed.GetValue(longest))) { Stop = stop.Token };
        IReadOnlyList<Find> here = fuzzer.Run(first, parsed.GetValue(cases), TimeSpan.FromSeconds(parsed.GetValue(seconds)), TimeSpan.FromSeconds(30));
        folder.Note(Totals(0, here.Count));
        foreach (Find find in here) folder.Keep(find);
        found += here.Count;

        FuzzTotals Totals(int hangs, int kinds) =>
            new(name, fuzzer.Cases, target.Parts > 0 ? target.Parts : fuzzer.Cases, fuzzer.Repeated, fuzzer.Unequal, hangs, kinds, clock.Elapsed.TotalSeconds);
    }
    return found == 0 ? 0 : 1;
}
