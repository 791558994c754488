using System.Text;
using LguestPS.Events;

namespace LguestPS.Cmdlets;

/// <summary>The line of a trace for one kind of event, as <see cref="EventSchemas"/> writes it.</summary>
internal sealed class LineTemplate
{
    private readonly List<Part> parts = [];

    /// <param name="template">Text in which <c>{Eip}</c>, <c>{Result: = *}</c> and <c>{Device|key {Key}}</c> stand for fields.</param>
    /// <param name="fields">The fields there are.</param>
    public LineTemplate(string template, IReadOnlyList<Field> fields)
    {
        for (int at = 0; at < template.Length;)
        {
            int open = template.IndexOf('{', at);
            if (open < 0) open = template.Length;
            if (open > at) parts.Add(new Part(template[at..open], Field: null, Pattern: null, Otherwise: null));
            if (open == template.Length) return;
            int close = ClosingBrace(template, open);
            parts.Add(PartOf(template[(open + 1)..close], fields));
            at = close + 1;
        }
    }

    /// <param name="value">The text of a field; empty if the event does not have it.</param>
    public string Fill(Func<Field, string> value)
    {
        StringBuilder line = new();
        foreach (Part part in parts) line.Append(part.Text ?? Fill(part, value));
        return line.ToString();
    }

    /// <summary>Every line there can be.</summary>
    /// <param name="values">The texts that a field can have if it has one.</param>
    public IEnumerable<string> Texts(Func<Field, IEnumerable<string>> values)
    {
        IEnumerable<string> lines = [""];
        foreach (Part part in parts)
        {
            string[] texts = [.. Texts(part, values)];
            lines = lines.SelectMany(line => texts.Select(text => line + text));
        }
        return lines;
    }

    private static IEnumerable<string> Texts(Part part, Func<Field, IEnumerable<string>> values)
    {
        if (part.Text is { } text) return [text];
        IEnumerable<string> filled = values(part.Field!).Select(value => part.Pattern?.Replace("*", value, StringComparison.Ordinal) ?? value);
        // Only what has a text for the other case may be missing.
        return part.Pattern is not null ? filled.Append("") : part.Otherwise is { } otherwise ? filled.Concat(otherwise.Texts(values)) : filled;
    }

    private static string Fill(Part part, Func<Field, string> value)
    {
        string text = value(part.Field!);
        if (text.Length == 0) return part.Otherwise?.Fill(value) ?? "";
        return part.Pattern?.Replace("*", text, StringComparison.Ordinal) ?? text;
    }

    private static Part PartOf(string content, IReadOnlyList<Field> fields)
    {
        int end = content.AsSpan().IndexOfAny(':', '|');
        string name = end < 0 ? content : content[..end];
        Field field = fields.Single(field => field.Name == name);
        if (end < 0) return new Part(Text: null, field, Pattern: null, Otherwise: null);
        string rest = content[(end + 1)..];
        return content[end] == ':' ? new Part(Text: null, field, rest, Otherwise: null) : new Part(Text: null, field, Pattern: null, new LineTemplate(rest, fields));
    }

    private static int ClosingBrace(string template, int open)
    {
        for (int at = open, depth = 0; at < template.Length; at++)
        {
            if (template[at] == '{') depth++;
            if (template[at] == '}' && --depth == 0) return at;
        }
        throw new ArgumentException($"a brace stays open in '{template}'", nameof(template));
    }

    private sealed record Part(string? Text, Field? Field, string? Pattern, LineTemplate? Otherwise);
}
