using System.Text.RegularExpressions;

namespace LguestPS.Package;

/// <summary>The module's manifest, of which this reads texts and lists of texts: our own has nothing else to say to a package.</summary>
internal sealed partial class ModuleManifest
{
    private static readonly string[] Needed = ["ModuleVersion", "Author", "CompanyName", "Description", "Copyright", "LicenseUri", "ProjectUri", "IconUri", "ReleaseNotes", "Tags"];

    private readonly string text;
    private readonly Dictionary<string, string> values;

    private ModuleManifest(string text)
    {
        this.text = text;
        values = Entry().Matches(text).ToDictionary(entry => entry.Groups["name"].Value, entry => entry.Groups["value"].Value);
    }

    /// <summary>A text of the manifest; a list has spaces between its texts.</summary>
    public string this[string name] => string.Join(' ', Quoted().Matches(values[name]).Select(quoted => quoted.Groups[1].Value.Replace("''", "'")));

    public static ModuleManifest Read(string path, List<string> problems)
    {
        ModuleManifest manifest = new(File.ReadAllText(path));
        foreach (string missing in Needed.Except(manifest.values.Keys))
        {
            problems.Add($"{path}: '{missing} = ...' is missing");
            manifest.values.Add(missing, "''");
        }
        return manifest;
    }

    /// <summary>The manifest with another value.</summary>
    public string With(string name, string value)
    {
        Group old = Entry().Matches(text).Single(entry => entry.Groups["name"].Value == name).Groups["value"];
        return $"{text[..old.Index]}'{value.Replace("'", "''")}'{text[(old.Index + old.Length)..]}";
    }

    [GeneratedRegex(@"^[ ]*(?<name>\w+)[ ]*=[ ]*(?<value>'(?:[^']|'')*'|@\([^)]*\))", RegexOptions.Multiline)]
    private static partial Regex Entry();

    [GeneratedRegex("'((?:[^']|'')*)'")]
    private static partial Regex Quoted();
}
