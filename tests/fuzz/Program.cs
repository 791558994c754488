using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using LguestPS.Tests.Fuzz;

Argument<string[]> names = new("target") { Description = "What to fuzz; without, everything in turn.", Arity = ArgumentArity.ZeroOrMore };
Option<int> seed = new("--seed") { Description = "The first case's seed; each case has the next one.", DefaultValueFactory = _ => Environment.TickCount & int.MaxValue };
Option<long> cases = new("--cases") { Description = "Cases of each target at most.", DefaultValueFactory = _ => long.MaxValue };
Option<double> seconds = new("--seconds") { Description = "Seconds for each target.", DefaultValueFactory = _ => 10 };
Option<double> longest = new("--longest") { Description = "Seconds that one case may take before it counts as a hang.", DefaultValueFactory = _ => 60 };
Option<DirectoryInfo> finds = new("--finds") { Description = "Where finds are kept, as tapes with a text beside each.", DefaultValueFactory = _ => new DirectoryInfo("fuzz-finds") };
Option<FileInfo[]> replay = new("--replay") { Description = "Tries these tapes of the one target instead.", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = true };
Option<bool> list = new("--list") { Description = "Lists the targets." };

RootCommand root = new("Fuzzes LguestPS: tries random cases of each target and makes what breaks a promise small.") { names, seed, cases, seconds, longest, finds, replay, list };
root.SetAction(parsed =>
{
    if (parsed.GetValue(list)) return List();
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
        string? problem = Fuzzer.Try(target, new TapeRandom(File.ReadAllBytes(tape.FullName)));
        Console.WriteLine($"{tape.Name}: {problem ?? "as promised"}");
        if (problem is not null) broken++;
    }
    return broken == 0 ? 0 : 1;
}

int Fuzz(string[] chosen, ParseResult parsed)
{
    int first = parsed.GetValue(seed), found = 0;
    DirectoryInfo folder = parsed.GetValue(finds)!;
    foreach (string name in chosen)
    {
        using FuzzTarget target = FuzzTarget.Make(name);
        if (target.WhyNot is not null)
        {
            Console.WriteLine($"{name,-16} not run: {target.WhyNot}");
            continue;
        }
        Stopwatch clock = Stopwatch.StartNew();
        Fuzzer fuzzer = new(target, hanging =>
        {
            Console.Error.WriteLine($"{name}: the case of seed {hanging} has not ended within {parsed.GetValue(longest)} s. Try it with: {name} --seed {hanging} --cases 1");
            Environment.Exit(3);
        }, TimeSpan.FromSeconds(parsed.GetValue(longest)));
        IReadOnlyList<Find> here = fuzzer.Run(first, parsed.GetValue(cases), TimeSpan.FromSeconds(parsed.GetValue(seconds)), TimeSpan.FromSeconds(30));
        string parts = target.Parts > 0 ? string.Create(CultureInfo.InvariantCulture, $", {target.Parts:N0} parts") : "";
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name,-16} {fuzzer.Cases,12:N0} cases{parts} from seed {first} in {clock.Elapsed.TotalSeconds:F0} s: {(here.Count == 0 ? "as promised" : $"{here.Count} finds")}"));
        foreach (Find find in here) Keep(folder, find);
        found += here.Count;
    }
    return found == 0 ? 0 : 1;
}

static void Keep(DirectoryInfo folder, Find find)
{
    folder.Create();
    string path = Path.Combine(folder.FullName, $"{find.Target}-{Convert.ToHexStringLower(SHA256.HashData(find.Tape))[..12]}");
    File.WriteAllBytes(path + ".tape", find.Tape);
    File.WriteAllText(path + ".txt", $"{find.Target}, seed {find.Seed}\n{find.Problem}\n");
    Console.WriteLine($"  {path}.tape: {find.Problem.Split('\n')[0]}");
}
