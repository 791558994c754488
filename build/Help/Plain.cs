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
    public static IEnumerable<string> Paragraphs(Block block) => block switch
    {
        ParagraphBlock paragraph => [Text(paragraph.Inline)],
        ListBlock list => [string.Join('\n', list.OfType<ListItemBlock>().Select(item => "- " + string.Join("\n  ", item.SelectMany(Paragraphs))))],
        CodeBlock code => [string.Join('\n', code.Lines.ToString().Split('\n').Select(line => "    " + line))],
        Table table => [Columns(table)],
        ContainerBlock container => container.SelectMany(Paragraphs),
        _ => [],
    };

    private static string Columns(Table table)
    {
        string[][] rows = [.. table.OfType<TableRow>().Select(row =>
            row.OfType<TableCell>().Select(cell => string.Join(' ', cell.SelectMany(Paragraphs))).ToArray())];
        int[] widths = [.. Enumerable.Range(0, rows.Max(row => row.Length)).Select(column => rows.Max(row => column < row.Length ? row[column].Length : 0))];
        IEnumerable<string> lines = rows.Select(row => string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        return string.Join('\n', lines.Select(line => "    " + line));
    }
}
