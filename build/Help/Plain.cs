using System.Text;
using Markdig;
using Markdig.Extensions.Tables;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace LguestPS.Help;

/// <summary>Markdown as plain text for a terminal.</summary>
internal static class Plain
{
    public static MarkdownPipeline Pipeline { get; } = new MarkdownPipelineBuilder().UsePipeTables().UseYamlFrontMatter().Build();

    /// <summary>The text of a piece of a line, without its markup.</summary>
    public static string Text(ContainerInline? inline)
    {
        StringBuilder text = new();
        foreach (Inline part in inline ?? [])
            text.Append(part switch
            {
                LiteralInline literal => literal.Content.ToString(),
                CodeInline code => code.Content,
                LineBreakInline => " ",
                ContainerInline container => Text(container),
                HtmlEntityInline entity => entity.Transcoded.ToString(),
                _ => "",
            });
        return text.ToString();
    }

    /// <summary>A block as paragraphs: lists with dashes, tables with columns, code as it is.</summary>
    /// <param name="block">It.</param>
    /// <param name="width">The most columns of a table; its widest cells are broken into lines.</param>
    public static IEnumerable<string> Paragraphs(Block block, int width = int.MaxValue) => block switch
    {
        ParagraphBlock paragraph => [Text(paragraph.Inline)],
        ListBlock list => [string.Join('\n', list.OfType<ListItemBlock>().Select(item => "- " + string.Join("\n  ", item.SelectMany(part => Paragraphs(part, width)))))],
        CodeBlock code => [string.Join('\n', code.Lines.ToString().Split('\n').Select(line => "    " + line))],
        Table table => [Columns(table, width)],
        ContainerBlock container => container.SelectMany(part => Paragraphs(part, width)),
        _ => [],
    };

    /// <summary>Breaks a line between words; the lines after the first are indented.</summary>
    public static IEnumerable<string> Wrap(string line, int width, string indent = "")
    {
        StringBuilder row = new();
        foreach (string word in line.Split(' '))
        {
            if (row.Length > indent.Length && row.Length + 1 + word.Length > width)
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

    private static string Columns(Table table, int width)
    {
        const string between = "  ";
        string[][] rows = [.. table.OfType<TableRow>().Select(row =>
            row.OfType<TableCell>().Select(cell => string.Join(' ', cell.SelectMany(part => Paragraphs(part)))).ToArray())];
        int[] widths = [.. Enumerable.Range(0, rows.Max(row => row.Length)).Select(column => rows.Max(row => column < row.Length ? row[column].Length : 0))];
        int[] longestWords = [.. Enumerable.Range(0, widths.Length).Select(column => rows.Max(row => column < row.Length ? row[column].Split(' ').Max(word => word.Length) : 0))];
        while (widths.Sum() + between.Length * (widths.Length - 1) > width && Widest() is { } column) widths[column]--;
        return string.Join('\n', rows.SelectMany(Lines).Select(line => "    " + line));

        // A word is not broken.
        int? Widest() => Enumerable.Range(0, widths.Length).Where(column => widths[column] > longestWords[column]).Cast<int?>().MaxBy(column => widths[column!.Value]);

        IEnumerable<string> Lines(string[] row)
        {
            string[][] cells = [.. row.Select((cell, column) => Wrap(cell, widths[column]).ToArray())];
            for (int line = 0; line < cells.Max(cell => cell.Length); line++)
                yield return string.Join(between, cells.Select((cell, column) => (line < cell.Length ? cell[line] : "").PadRight(widths[column]))).TrimEnd();
        }
    }
}
