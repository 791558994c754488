using System.CommandLine;
using System.Globalization;

namespace LguestPS.Tests.Fuzz.Guided;

/// <summary>The steps of <c>tests/fuzz/run --guided</c>.</summary>
internal static class GuidedCommands
{
    public static IEnumerable<Command> All
    {
        get
        {
            Argument<string> name = new("target") { Description = "Which target." };
            Argument<DirectoryInfo> folder = new("folder");
            Option<int> random = new("--random") { Description = "How many random cases to begin with.", DefaultValueFactory = _ => 300 };
            Option<double> seconds = new("--seconds") { Description = "For how long to try random cases.", DefaultValueFactory = _ => 60 };
            Option<int> seed = new("--seed") { Description = "The first case's seed.", DefaultValueFactory = _ => 1_000_000 };
            Option<DirectoryInfo[]> tapes = new("--tapes") { Description = "Folders of tapes to play instead.", AllowMultipleArgumentsPerToken = true };
            Option<DirectoryInfo> finds = new("--finds") { Description = "Where finds and tapes that cover more are kept.", DefaultValueFactory = _ => new DirectoryInfo("fuzz-finds") };

            yield return Made(new Command("instrument", "Makes the copy of the build in a folder tell afl-fuzz its ways.") { folder }, parsed =>
                Console.WriteLine($"{Guidance.Instrument(parsed.GetRequiredValue(folder))} types are instrumented."));
            yield return Made(new Command("seeds", "Writes tapes for afl-fuzz to begin with.") { name, folder, random }, parsed =>
            {
                using FuzzTarget target = FuzzTarget.Make(parsed.GetRequiredValue(name));
                DirectoryInfo into = parsed.GetRequiredValue(folder);
                into.Create();
                int number = 0;
                foreach (byte[] tape in Guidance.Seeds(target, parsed.GetValue(random)).Where(tape => tape.Length > 0))
                    File.WriteAllBytes(Path.Combine(into.FullName, (++number).ToString("d4", CultureInfo.InvariantCulture)), tape);
            });
            yield return Made(new Command("serve", "Plays what afl-fuzz gives.") { name }, parsed =>
            {
                using FuzzTarget target = FuzzTarget.Make(parsed.GetRequiredValue(name));
                Guidance.Serve(target);
            });
            yield return Made(new Command("edges", "Counts the ways that random cases take, and tapes, in an instrumented copy.") { name, seconds, seed, tapes }, parsed =>
            {
                using FuzzTarget target = FuzzTarget.Make(parsed.GetRequiredValue(name));
                // The first case makes what is there once; its ways are no case's.
                _ = Guidance.Edges(target, [[], [FileTarget.IsWhole]]);
                HashSet<int> drawn = Guidance.Edges(target, parsed.GetValue(seed), TimeSpan.FromSeconds(parsed.GetValue(seconds)));
                HashSet<int> played = Guidance.Edges(target, Files(parsed.GetValue(tapes) ?? []));
                Console.WriteLine($"{target.Name,-16} {drawn.Count} edges of random cases, {played.Count} of tapes, {played.Except(drawn).Count()} of tapes alone");
            });
            yield return Made(new Command("select", "Keeps those tapes of folders that cover what the corpus, samples and random cases do not, in an instrumented copy.") { name, tapes, random, finds }, parsed =>
            {
                using FuzzTarget target = FuzzTarget.Make(parsed.GetRequiredValue(name));
                FindFolder kept = new(parsed.GetValue(finds)!);
                byte[][] all = [.. Files(parsed.GetValue(tapes)!)];
                byte[][] selected = [.. Guidance.Select(target, Guidance.Seeds(target, parsed.GetValue(random)), all)];
                foreach (byte[] tape in selected) kept.KeepCoverage(target, tape);
                Console.WriteLine($"{target.Name,-16} {selected.Length} of {all.Length} tapes cover more");
            });
            yield return Made(new Command("harvest", "Tries what afl-fuzz calls crashes and hangs again, without instruments, and makes finds small.") { name, folder, finds }, parsed =>
            {
                using FuzzTarget target = FuzzTarget.Make(parsed.GetRequiredValue(name));
                Harvest harvest = new(target, new FindFolder(parsed.GetValue(finds)!));
                harvest.Take(parsed.GetRequiredValue(folder));
                Console.WriteLine($"{target.Name,-16} {harvest.Finds} kinds of finds");
            });
        }
    }

    private static IEnumerable<byte[]> Files(IEnumerable<DirectoryInfo> folders) =>
        folders.SelectMany(folder => folder.EnumerateFiles()).Where(file => file.Name[0] != '.').OrderBy(file => file.Name, StringComparer.Ordinal).Select(file => File.ReadAllBytes(file.FullName));

    private static Command Made(Command command, Action<ParseResult> act)
    {
        command.SetAction(parsed =>
        {
            Guidance.UseOwnMap();
            act(parsed);
            return 0;
        });
        return command;
    }
}
