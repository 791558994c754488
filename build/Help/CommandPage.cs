using Markdig;
using Markdig.Syntax;

namespace LguestPS.Help;

/// <summary>An example: a title, the commands, and what there is to say about them.</summary>
internal sealed record Example(string Title, string Code, IReadOnlyList<string> Remarks);

/// <summary>The help of one cmdlet, as its markdown page tells it.</summary>
internal sealed class CommandPage
{
    private CommandPage(CommandInfo command) => Command = command;

    public CommandInfo Command { get; }

    public IReadOnlyList<string> Synopsis { get; private set; } = [];

    public IReadOnlyList<string> Description { get; private set; } = [];

    public IReadOnlyList<Example> Examples { get; private set; } = [];

    public IReadOnlyDictionary<string, IReadOnlyList<string>> Parameters { get; private set; } = new Dictionary<string, IReadOnlyList<string>>();

    public IReadOnlyList<(string Type, IReadOnlyList<string> Text)> Inputs { get; private set; } = [];

    public IReadOnlyList<(string Type, IReadOnlyList<string> Text)> Outputs { get; private set; } = [];

    public IReadOnlyList<string> Notes { get; private set; } = [];

    public IReadOnlyList<string> Related { get; private set; } = [];

    /// <summary>Reads a page; what is missing or too much is added to <paramref name="problems"/>.</summary>
    public static CommandPage Read(string file, CommandInfo command, List<string> problems)
    {
        Section root = Section.Of(Markdown.Parse(File.ReadAllText(file), Plain.Pipeline));
        CommandPage page = new(command);
        Section top = root.Children.FirstOrDefault(section => section.Title == command.Name) ?? root;
        if (top == root) problems.Add($"{file}: the page does not begin with '# {command.Name}'");

        Section Chapter(string title)
        {
            if (top.Children.FirstOrDefault(section => section.Title == title) is { } found) return found;
            problems.Add($"{file}: chapter '## {title}' is missing");
            return new Section("");
        }

        page.Synopsis = Chapter("SYNOPSIS").Paragraphs;
        page.Description = Chapter("DESCRIPTION").Paragraphs;
        page.Examples = [.. Chapter("EXAMPLES").Children.Select(section => new Example(section.Title, section.Code, section.Paragraphs))];
        page.Parameters = Chapter("PARAMETERS").Children.Where(section => section.Title != "CommonParameters").ToDictionary(section => section.Title.TrimStart('-'), IReadOnlyList<string> (section) => section.Paragraphs);
        page.Inputs = [.. Chapter("INPUTS").Children.Select((string, IReadOnlyList<string>) (section) => (section.Title, section.Paragraphs))];
        page.Outputs = [.. Chapter("OUTPUTS").Children.Select((string, IReadOnlyList<string>) (section) => (section.Title, section.Paragraphs))];
        page.Notes = top.Children.FirstOrDefault(section => section.Title == "NOTES")?.Paragraphs ?? [];
        page.Related = [.. Chapter("RELATED LINKS").Paragraphs.SelectMany(paragraph => paragraph.Split('\n')).SelectMany(line => line.TrimStart('-', ' ').Split(", "))];

        string[] known = [.. command.Parameters.Select(parameter => parameter.Name)];
        foreach (string missing in known.Except([.. page.Parameters.Keys, .. MamlWriter.Common.Keys])) problems.Add($"{file}: parameter -{missing} is not described");
        foreach (string unknown in page.Parameters.Keys.Except(known)) problems.Add($"{file}: {command.Name} has no parameter -{unknown}");
        if (page.Examples.Count == 0) problems.Add($"{file}: there is no example");
        return page;
    }
}

/// <summary>A heading with what follows it.</summary>
internal sealed class Section(string title)
{
    public string Title { get; } = title;

    public List<Section> Children { get; } = [];

    public List<string> Paragraphs { get; } = [];

    public string Code { get; private set; } = "";

    public static Section Of(MarkdownDocument document)
    {
        Section root = new("");
        Stack<(int Level, Section Section)> path = new([(0, root)]);
        foreach (Block block in document)
        {
            if (block is HeadingBlock heading)
            {
                while (path.Peek().Level >= heading.Level) path.Pop();
                Section section = new(Plain.Text(heading.Inline));
                path.Peek().Section.Children.Add(section);
                path.Push((heading.Level, section));
            }
            // What follows from the cmdlet's own attributes.
            else if (block is FencedCodeBlock { Info: "yaml" } parameter && parameter.Lines.ToString().StartsWith("Type: ", StringComparison.Ordinal))
            {
                continue;
            }
            else if (block is FencedCodeBlock { Info: "powershell" } code && path.Peek().Section.Code.Length == 0)
            {
                path.Peek().Section.Code = code.Lines.ToString();
            }
            else
            {
                path.Peek().Section.Paragraphs.AddRange(Plain.Paragraphs(block));
            }
        }
        return root;
    }
}
