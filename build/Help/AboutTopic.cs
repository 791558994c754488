using System.Text;
using Markdig;
using Markdig.Syntax;

namespace LguestPS.Help;

/// <summary>Turns an about_ page into the text file Get-Help shows.</summary>
internal static class AboutTopic
{
    /// <summary>The most columns of a line, so that it fits a terminal of 80.</summary>
    private const int Width = 79;

    private const string Indent = "    ";

    /// <param name="markdown">The page.</param>
    /// <param name="output">The text file to write.</param>
    /// <param name="problems">Receives the lines of code that do not fit: they keep their shape, so nothing here can break them.</param>
    public static void Write(string markdown, string output, List<string> problems)
    {
        StringBuilder text = new();
        foreach (Block block in Markdown.Parse(File.ReadAllText(markdown), Plain.Pipeline))
        {
            if (block is HeadingBlock { Level: 1 } topic)
            {
                text.Append($"TOPIC\n{Indent}{Plain.Text(topic.Inline)}\n\n");
                continue;
            }
            if (block is HeadingBlock heading)
            {
                string title = Plain.Text(heading.Inline);
                text.Append(heading.Level == 2 ? $"{title.ToUpperInvariant()}\n" : $"  {title}\n");
                continue;
            }
            IEnumerable<string> lines = block is CodeBlock code ? Shifted(code, markdown, problems)
                : Plain.Paragraphs(block, Width - 2 * Indent.Length).SelectMany(paragraph => paragraph.Split('\n').SelectMany(Wrap).Select(line => Indent + line).Append(""));
            foreach (string line in lines) text.Append(line.TrimEnd()).Append('\n');
        }
        File.WriteAllText(output, text.ToString());
    }

    /// <summary>Code in its shape, indented as far as its longest line allows.</summary>
    private static IEnumerable<string> Shifted(CodeBlock code, string markdown, List<string> problems)
    {
        string[] lines = code.Lines.ToString().Split('\n');
        foreach (string line in lines)
            if (line.Length > Width) problems.Add($"{markdown}: {line.Length} columns do not fit into {Width}: {line}");
        string indent = new(' ', Math.Clamp(Width - lines.Max(line => line.Length), 0, 2 * Indent.Length));
        return lines.Select(line => indent + line).Append("");
    }

    private static IEnumerable<string> Wrap(string line)
    {
        // The rows of a table are as wide as they may be.
        if (line.StartsWith(Indent, StringComparison.Ordinal)) return [line];
        string indent = line.StartsWith("- ", StringComparison.Ordinal) || line.StartsWith("  ", StringComparison.Ordinal) ? "  " : "";
        return Plain.Wrap(line, Width - Indent.Length, indent);
    }
}
