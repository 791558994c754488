using System.Text;
using Markdig;
using Markdig.Syntax;

namespace LguestPS.Help;

/// <summary>Turns an about_ page into the text file Get-Help shows.</summary>
internal static class AboutTopic
{
    private const int Width = 76;

    public static void Write(string markdown, string output)
    {
        StringBuilder text = new();
        foreach (Block block in Markdown.Parse(File.ReadAllText(markdown), Plain.Pipeline))
        {
            if (block is HeadingBlock { Level: 1 } topic)
            {
                text.Append($"TOPIC\n    {Plain.Text(topic.Inline)}\n\n");
                continue;
            }
            if (block is HeadingBlock heading)
            {
                string title = Plain.Text(heading.Inline);
                text.Append(heading.Level == 2 ? $"{title.ToUpperInvariant()}\n" : $"  {title}\n");
                continue;
            }
            foreach (string paragraph in Plain.Paragraphs(block))
            {
                foreach (string line in paragraph.Split('\n').SelectMany(Wrap)) text.Append($"    {line}".TrimEnd()).Append('\n');
                text.Append('\n');
            }
        }
        File.WriteAllText(output, text.ToString());
    }

    private static IEnumerable<string> Wrap(string line)
    {
        // Code and tables keep their shape.
        if (line.StartsWith("    ", StringComparison.Ordinal))
        {
            yield return line;
            yield break;
        }
        string indent = line.StartsWith("- ", StringComparison.Ordinal) || line.StartsWith("  ", StringComparison.Ordinal) ? "  " : "";
        StringBuilder row = new();
        foreach (string word in line.Split(' '))
        {
            if (row.Length > 0 && row.Length + 1 + word.Length > Width)
            {
                yield return row.ToString();
                row.Clear().Append(indent).Append(word);
                continue;
            }
            if (row.Length > 0) row.Append(' ');
            row.Append(word);
        }
        yield return row.ToString();
    }
}
