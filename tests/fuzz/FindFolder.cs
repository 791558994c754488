using System.Security.Cryptography;

namespace LguestPS.Tests.Fuzz;

/// <summary>Where finds are kept, as tapes with a text beside each; tapes that cover more; and the totals of runs.</summary>
internal sealed class FindFolder(DirectoryInfo folder)
{
    /// <summary>Keeps a find, and says so.</summary>
    public void Keep(Find find)
    {
        folder.Create();
        string path = Path.Combine(folder.FullName, NameOf(find.Target + "-", find.Tape));
        File.WriteAllBytes(path + ".tape", find.Tape);
        File.WriteAllText(path + ".txt", $"{find.Target}, seed {find.Seed}\n{find.Problem}\n");
        Console.WriteLine($"  {path}.tape: {find.Problem.Split('\n')[0]}");
    }

    /// <summary>Keeps a tape that covers what others do not.</summary>
    public void KeepCoverage(FuzzTarget target, byte[] tape)
    {
        string path = Path.Combine(folder.CreateSubdirectory(Path.Combine("coverage", target.Name)).FullName, NameOf("", tape) + ".tape");
        if (!File.Exists(path)) File.WriteAllBytes(path, tape);
    }

    /// <summary>Adds a run's totals to totals.tsv, and shows them.</summary>
    public void Note(FuzzTotals totals)
    {
        Console.WriteLine(totals);
        folder.Create();
        File.AppendAllText(Path.Combine(folder.FullName, "totals.tsv"), totals.ToLine() + "\n");
    }

    private static string NameOf(string start, byte[] tape) => start + Convert.ToHexStringLower(SHA256.HashData(tape))[..12];
}
