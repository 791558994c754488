namespace LguestPS.Package;

/// <summary>The changelog, in the format of Keep a Changelog.</summary>
internal static class Changelog
{
    /// <summary>The most that NuGet galleries take.</summary>
    private const int Most = 35_000;

    private const string More = "\n- More is in CHANGELOG.md.";

    /// <summary>What it says of a version, as far as a gallery takes it; before that is released, what it says is unreleased.</summary>
    public static string NotesOf(string path, string version, List<string> problems)
    {
        string[] lines = File.ReadAllLines(path);
        int heading = Array.FindIndex(lines, line => line.StartsWith($"## [{version}]", StringComparison.Ordinal));
        if (heading < 0) heading = Array.IndexOf(lines, "## [Unreleased]");
        if (heading < 0)
        {
            problems.Add($"{path}: there is neither '## [{version}]' nor '## [Unreleased]'");
            return "";
        }
        string notes = string.Join('\n', lines.Skip(heading + 1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))).Trim();
        return notes.Length <= Most ? notes : notes[..notes.LastIndexOf("\n- ", Most - More.Length, StringComparison.Ordinal)] + More;
    }
}
