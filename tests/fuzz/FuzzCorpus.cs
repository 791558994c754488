namespace LguestPS.Tests.Fuzz;

/// <summary>Cases worth keeping: those that were finds, and those that lead where random cases do not.</summary>
internal static class FuzzCorpus
{
    /// <summary>The files of a target's tapes, in the order of their names.</summary>
    public static IReadOnlyList<string> TapesOf(FuzzTarget target)
    {
        string folder = Repository.Path("tests", "fuzz", "corpus", target.Name);
        return Directory.Exists(folder) ? [.. Directory.GetFiles(folder, "*.tape").Order(StringComparer.Ordinal)] : [];
    }
}
