using System.Text.RegularExpressions;
using LguestPS.Events;

namespace LguestPS.ViewFiles;

/// <summary>Reads a description of views. src/Cmdlets/Views/events.views says how one is written.</summary>
internal sealed partial class ViewParser(string file, List<string> problems)
{
    private const int ScreenWidth = 80;
    private const int NarrowestRest = 12;

    private readonly string[] lines = File.ReadAllLines(file);
    private int number;
    private TypeView? view;
    private Control? control;

    public IEnumerable<TypeView> Read()
    {
        List<TypeView> views = [];
        for (number = 1; number <= lines.Length; number++)
        {
            string line = lines[number - 1].TrimEnd();
            if (line.Length == 0 || line is "#" || line.StartsWith("# ", StringComparison.Ordinal)) continue;
            int indent = line.Length - line.TrimStart().Length;
            string text = line.Trim();
            if (indent == 0) views.Add(view = new TypeView([.. text.Split(',', StringSplitOptions.TrimEntries)]));
            else if (view is null) Problem("a line before the first type");
            else if (indent == 2) ReadDirective(text);
            else if (control is null) Problem("an item outside a table or list");
            else ReadItem(text);
        }
        foreach (TypeView read in views) Complete(read);
        return views;
    }

    private void ReadDirective(string text)
    {
        string[] words = text.Split(' ', 2, StringSplitOptions.TrimEntries);
        string rest = words.Length > 1 ? words[1] : "";
        control = null;
        switch (words[0])
        {
            case "table":
                view!.Controls.Add(control = new Control(ControlShape.Table, rest == "wrap"));
                break;
            case "list":
                view!.Controls.Add(control = new Control(ControlShape.List, Wraps: false));
                break;
            case "text":
                Control shown = new(ControlShape.Text, Wraps: false);
                shown.Items.Add(ItemOf("", rest, width: "", condition: null));
                view!.Controls.Add(shown);
                break;
            case "depth" when int.TryParse(rest, out int depth):
                view!.Depth = depth;
                break;
            case "code":
                view!.CodeProperties.Add(rest);
                break;
            default:
                Problem($"'{words[0]}' is not table, list, text, depth or code");
                break;
        }
    }

    private void ReadItem(string text)
    {
        if (text == "(fields)")
        {
            ReadFields();
            return;
        }
        string[] parts = Gap().Split(text, control!.Shape == ControlShape.Table ? 3 : 2);
        if (parts[0].StartsWith("group ", StringComparison.Ordinal))
        {
            control.Group = ItemOf(parts[0]["group ".Length..], parts[^1], width: "", condition: null);
            return;
        }
        if (control.Shape == ControlShape.Table)
        {
            if (parts.Length == 1) Problem("a column needs a width, or * for what is left of the line");
            else control.Items.Add(ItemOf(parts[0], parts.Length > 2 ? parts[2] : "", parts[1], condition: null));
            return;
        }
        string label = parts[0], value = parts.Length > 1 ? parts[1] : "";
        string? condition = null;
        if (label.EndsWith(" ?", StringComparison.Ordinal)) (label, condition) = (label[..^2], "");
        if (ConditionAtEnd().Match(value) is { Success: true } match) (value, condition) = (value[..match.Index].Trim(), match.Groups[1].Value);
        Item item = ItemOf(label, value, width: "", condition);
        // Said again after (fields), it replaces what the schema says.
        int before = control.Items.FindIndex(other => other.Label == item.Label);
        if (before >= 0) control.Items[before] = item;
        else control.Items.Add(item);
    }

    /// <summary>The fields of an event that lists have.</summary>
    private void ReadFields()
    {
        EventSchema? schema = EventSchemas.All.FirstOrDefault(schema => schema.EventType.Name == view!.Types[0]);
        if (schema is null) Problem($"{view!.Types[0]} is not an event");
        else
        {
            foreach (Field field in schema.Fields.Where(field => (field.Outputs & Outputs.Lists) != 0))
                control!.Items.Add(ItemOf(field.Name, $"{field.Name}:{FormatOf(field.Format)}", width: "", field.IsOptional ? "" : null));
        }
    }

    private static string FormatOf(FieldFormat format) => format switch
    {
        FieldFormat.Hex or FieldFormat.HexList => "hex",
        FieldFormat.HexByte => "x2",
        FieldFormat.Seconds => "seconds",
        FieldFormat.Instant => "o",
        FieldFormat.Dump => "dump",
        FieldFormat.Parts => "join",
        _ => "plain",
    };

    /// <param name="label">What it is called.</param>
    /// <param name="value">Nothing for the property of that name, else <c>Property</c>, <c>Property:format</c> or <c>= PowerShell</c>.</param>
    /// <param name="width">Nothing, or the width of a column: <c>10</c>, <c>10></c> or <c>*</c>.</param>
    /// <param name="condition">PowerShell, empty for "if there is one", or null.</param>
    private Item ItemOf(string label, string value, string width, string? condition)
    {
        if (label == "''") label = "";
        bool isRight = width.EndsWith('>');
        int? characters = int.TryParse(width.TrimEnd('>'), out int given) ? given : null;
        if (characters is null && width is not "" and not "*") Problem($"'{width}' is not a width");
        if (characters < label.Length) Problem($"the heading '{label}' does not fit into {characters} characters");
        if (value.StartsWith("= ", StringComparison.Ordinal))
        {
            string script = value[2..].Replace("Views::", "[LguestPS.Cmdlets.Views]::", StringComparison.Ordinal);
            return new Item(label, Property: null, script, characters, isRight, condition is "" ? script : condition);
        }
        string[] named = value.Split(':', 2);
        string property = named[0].Length > 0 ? named[0] : label;
        ValueFormat format = new(property, named.Length > 1 ? named[1] : "", TypeOf(property), control?.Shape == ControlShape.List);
        if (format.Problem is { } problem) Problem(problem);
        if (condition is "") condition = $"$null -ne $_.{property} -and '' -ne $_.{property}";
        return new Item(label, format.Script is null ? property : null, format.Script, characters, isRight, condition);
    }

    /// <summary>The type of a property such as Definition.Memory; null if it is not one of the engine's, whose properties are checked.</summary>
    private Type? TypeOf(string path)
    {
        Type? type = Engine.Find(view!.Types[0]);
        foreach (string name in path.Split('.'))
        {
            if (type is null) return null;
            if (view.CodeProperties.Contains(name)) return null;
            Type? next = type.GetProperty(name)?.PropertyType ?? type.GetField(name)?.FieldType;
            if (next is null) Problem($"{type.Name} has no property {name}");
            type = next;
        }
        return type;
    }

    /// <summary>Checks a view, and gives it a list of all properties if it has none: PowerShell's own would show addresses in decimal.</summary>
    private void Complete(TypeView read)
    {
        view = read;
        foreach (Control table in read.Controls.Where(control => control.Shape == ControlShape.Table))
        {
            int width = table.Items.Sum(item => item.Width ?? Math.Max(NarrowestRest, item.Label.Length)) + table.Items.Count - 1;
            if (width >= ScreenWidth) problems.Add($"{file}: error VIEW001: the table of {read.Types[0]} is {width} characters wide");
        }
        foreach (string name in read.Types.Where(name => Engine.Find(name) is null && !name.StartsWith("Cmdlets.", StringComparison.Ordinal)))
            problems.Add($"{file}: error VIEW001: there is no type {name}");
        if (read.Types.Count > 1 || read.Controls.Count == 0 || read.Controls.Any(control => control.Shape == ControlShape.List) || Engine.Find(read.Types[0]) is not { } type) return;
        control = new Control(ControlShape.List, Wraps: false);
        foreach (string name in type.GetProperties().Where(property => property.GetIndexParameters().Length == 0).Select(property => property.Name))
            control.Items.Add(ItemOf(name, "", width: "", condition: null));
        read.Controls.Add(control);
    }

    private void Problem(string what) => problems.Add($"{file}({Math.Min(number, lines.Length)}): error VIEW001: {what}");

    [GeneratedRegex("\\s{2,}")]
    private static partial Regex Gap();

    [GeneratedRegex(@"\?\s*\{(.*)\}$")]
    private static partial Regex ConditionAtEnd();
}
