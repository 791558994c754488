using System.Globalization;
using System.Text;

namespace LguestPS.Help;

/// <summary>Fills in what a page says of its cmdlet beyond its author's words, in the shape of platyPS's schema 2024-05-01.</summary>
/// <remarks>That is the front matter, SYNTAX, ALIASES, and of each parameter a block of YAML. What the author wrote stays, word for word.</remarks>
internal sealed class PageWriter(CommandInfo command, string module)
{
    private const int Width = 100;
    private const string Fence = "```";

    /// <summary>The page as it should be; itself if it is.</summary>
    public string Complete(string page)
    {
        List<string> lines = [.. page.ReplaceLineEndings("\n").TrimEnd().Split('\n')];
        string? date = TakeFrontMatter(lines);
        PageSection[] chapters = [.. PageSection.Split(lines, "## ")];
        StringBuilder text = new();
        Append(text, FrontMatter(date ?? DateTime.Today.ToString("MM/dd/yyyy", CultureInfo.InvariantCulture)));
        foreach (PageSection chapter in chapters)
        {
            if (chapter.Title is "SYNTAX" or "ALIASES") continue;
            if (chapter.Title == "RELATED LINKS" && chapters.All(other => other.Title != "NOTES")) Append(text, ["## NOTES"]);
            Append(text, chapter.Title switch
            {
                "PARAMETERS" => [chapter.Heading!, "", .. Parameters(chapter)],
                "RELATED LINKS" => [chapter.Heading!, "", .. Links(chapter)],
                _ => chapter.All,
            });
            if (chapter.Title != "SYNOPSIS") continue;
            Append(text, ["## SYNTAX", "", .. command.Sets.SelectMany(Syntax)]);
            Append(text, command.Aliases.Count == 0 ? ["## ALIASES"] : ["## ALIASES", "", .. command.Aliases.Select(alias => $"- `{alias}`")]);
        }
        return text.ToString().TrimEnd() + "\n";
    }

    private static void Append(StringBuilder text, IEnumerable<string> lines) => text.Append(string.Join('\n', lines).Trim()).Append("\n\n");

    /// <returns>The date it has, or null.</returns>
    private static string? TakeFrontMatter(List<string> lines)
    {
        if (lines[0] != "---") return null;
        int end = lines.IndexOf("---", 1);
        string? date = lines.Take(end).FirstOrDefault(line => line.StartsWith("ms.date: ", StringComparison.Ordinal))?["ms.date: ".Length..];
        lines.RemoveRange(0, end + 1);
        return date;
    }

    private IEnumerable<string> FrontMatter(string date) =>
    [
        "---",
        "document type: cmdlet",
        $"external help file: {module}.dll-Help.xml",
        "HelpUri: ''",
        "Locale: en-US",
        $"Module Name: {module}",
        $"ms.date: {date}",
        "PlatyPS schema version: 2024-05-01",
        $"title: {command.Name}",
        "---",
    ];

    private IEnumerable<string> Syntax(string set)
    {
        IEnumerable<string> words = command.Parameters.Select(parameter => (Parameter: parameter, Use: parameter.In(set))).Where(entry => entry.Use is not null)
            .OrderBy(entry => entry.Use!.Position ?? int.MaxValue).ThenByDescending(entry => entry.Use!.Mandatory)
            .Select(entry => Word(entry.Parameter, entry.Use!));
        bool isDefault = set == command.DefaultSet || command.Sets.Count == 1;
        return [$"### {set}{(isDefault ? " (Default)" : "")}", "", Fence, .. Lines([command.Name, .. words, "[<CommonParameters>]"]), Fence, ""];
    }

    private static string Word(ParameterInfo parameter, ParameterUse use)
    {
        string value = parameter.IsSwitch ? "" : $" <{parameter.TypeName}>";
        string name = use.Position is null ? $"-{parameter.Name}" : $"[-{parameter.Name}]";
        return use.Mandatory ? name + value : $"[{name}{value}]";
    }

    /// <summary>Words in lines; a word itself is not broken.</summary>
    private static IEnumerable<string> Lines(IEnumerable<string> words)
    {
        string line = "";
        foreach (string word in words)
        {
            if (line.Length + 1 + word.Length > Width)
            {
                yield return line;
                line = "";
            }
            line = line.Length == 0 && word == words.First() ? word : $"{line} {word}";
        }
        yield return line;
    }

    private IEnumerable<string> Parameters(PageSection chapter)
    {
        Dictionary<string, ParameterInfo> known = command.Parameters.ToDictionary(parameter => parameter.Name);
        PageSection[] described = [.. PageSection.Split([.. chapter.Body], "### ").Where(section => section.Title.Length > 0 && section.Title != "CommonParameters")];
        foreach (PageSection section in described)
        {
            yield return section.Heading!;
            yield return "";
            string words = string.Join('\n', WithoutBlock(section.Body)).Trim();
            foreach (string line in words.Split('\n')) yield return line;
            if (known.TryGetValue(section.Title.TrimStart('-'), out ParameterInfo? parameter))
                foreach (string line in Block(parameter)) yield return line;
            yield return "";
        }
        foreach (string common in MamlWriter.Common.Keys.Where(name => known.ContainsKey(name) && described.All(section => section.Title != "-" + name)))
            foreach (string line in (string[])[$"### -{common}", "", MamlWriter.Common[common], .. Block(known[common]), ""]) yield return line;
        yield return "### CommonParameters";
        yield return "";
        yield return "Like all cmdlets it takes `-Debug`, `-ErrorAction`, `-ErrorVariable`, `-InformationAction`, `-InformationVariable`, `-OutBuffer`, `-OutVariable`, `-PipelineVariable`, `-ProgressAction`, `-Verbose`, `-WarningAction` and `-WarningVariable`: see about_CommonParameters.";
    }

    private static IEnumerable<string> WithoutBlock(IReadOnlyList<string> body)
    {
        for (int i = 0; i < body.Count; i++)
        {
            if (body[i] == $"{Fence}yaml" && i + 1 < body.Count && body[i + 1].StartsWith("Type: ", StringComparison.Ordinal))
                while (body[i] != Fence) i++;
            else yield return body[i];
        }
    }

    private static IEnumerable<string> Block(ParameterInfo parameter) =>
    [
        "",
        $"{Fence}yaml",
        $"Type: {parameter.FullTypeName}",
        $"DefaultValue: {(parameter.IsSwitch ? "False" : "''")}",
        $"SupportsWildcards: {Flag(parameter.Wildcards)}",
        .. List("Aliases", parameter.Aliases),
        "ParameterSets:",
        .. parameter.Uses.SelectMany(use => (string[])
        [
            $"- Name: {(use.Set == CommandInfo.AllSets ? "(All)" : use.Set)}",
            $"  Position: {use.Position?.ToString(CultureInfo.InvariantCulture) ?? "Named"}",
            $"  IsRequired: {Flag(use.Mandatory)}",
            $"  ValueFromPipeline: {Flag(use.ByValue)}",
            $"  ValueFromPipelineByPropertyName: {Flag(use.ByPropertyName)}",
            $"  ValueFromRemainingArguments: {Flag(use.Remaining)}",
        ]),
        "DontShow: false",
        .. List("AcceptedValues", parameter.AcceptedValues),
        "HelpMessage: ''",
        Fence,
    ];

    private static IEnumerable<string> List(string name, IReadOnlyList<string> items) => items.Count == 0 ? [$"{name}: []"] : [$"{name}:", .. items.Select(item => $"- {item}")];

    private static string Flag(bool value) => value ? "true" : "false";

    /// <summary>A link for each name, whether they stand in a list already or with commas between them.</summary>
    private static IEnumerable<string> Links(PageSection chapter) =>
        chapter.Body.Where(line => line.Length > 0)
            .SelectMany(line => line.StartsWith("- [", StringComparison.Ordinal) ? [line] : line.Split(", ").Select(name => $"- [{name}]({name}.md)"));
}

/// <summary>A heading of a page with the lines below it; without one, what stands before the first.</summary>
internal sealed record PageSection(string? Heading, string Title, IReadOnlyList<string> Body)
{
    public IEnumerable<string> All => Heading is null ? Body : [Heading, .. Body];

    /// <summary>Cuts lines at headings of one level; what looks like one in a block of code is none.</summary>
    public static IEnumerable<PageSection> Split(IReadOnlyList<string> lines, string mark)
    {
        string? heading = null;
        List<string> body = [];
        bool isCode = false;
        foreach (string line in lines)
        {
            if (line.StartsWith("```", StringComparison.Ordinal)) isCode = !isCode;
            if (isCode || !line.StartsWith(mark, StringComparison.Ordinal))
            {
                body.Add(line);
                continue;
            }
            yield return Of(heading, body, mark);
            (heading, body) = (line, []);
        }
        yield return Of(heading, body, mark);
    }

    private static PageSection Of(string? heading, List<string> body, string mark) => new(heading, heading?[mark.Length..].Trim() ?? "", body);
}
