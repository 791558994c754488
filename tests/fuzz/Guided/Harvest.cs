namespace LguestPS.Tests.Fuzz.Guided;

/// <summary>What is made of afl-fuzz's results: its crashes and hangs are tried again without instruments, and what breaks a promise is made small.</summary>
internal sealed class Harvest(FuzzTarget target, FindFolder kept)
{
    private static readonly TimeSpan shrinking = TimeSpan.FromSeconds(30);

    private readonly HashSet<string> kinds = [];

    /// <summary>Kinds of finds.</summary>
    public int Finds => kinds.Count;

    /// <param name="results">A folder that afl-fuzz has written.</param>
    public void Take(DirectoryInfo results)
    {
        foreach (FileInfo tape in Files(results, "crashes").Concat(Files(results, "hangs")))
        {
            Console.WriteLine($"  {tape.Name}");
            TapeRandom played = new(File.ReadAllBytes(tape.FullName));
            if (Fuzzer.Try(target, played) is not { } problem || !kinds.Add(Find.KindOf(problem))) continue;
            kept.Keep(new Shrinker(target, new Find(target.Name, 0, played.Tape, problem), shrinking).Smallest());
        }
    }

    private static IEnumerable<FileInfo> Files(DirectoryInfo results, string what) =>
        results.EnumerateFiles("id*", SearchOption.AllDirectories).Where(file => file.Directory!.Name == what).OrderBy(file => file.FullName, StringComparer.Ordinal);
}
