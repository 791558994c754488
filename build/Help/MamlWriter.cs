using System.Xml.Linq;

namespace LguestPS.Help;

/// <summary>Writes pages in MAML, the XML that Get-Help reads.</summary>
internal sealed class MamlWriter(IReadOnlyList<CommandPage> pages)
{
    private static readonly XNamespace Msh = "http://msh";
    private static readonly XNamespace Maml = "http://schemas.microsoft.com/maml/2004/10";
    private static readonly XNamespace Command = "http://schemas.microsoft.com/maml/dev/command/2004/10";
    private static readonly XNamespace Dev = "http://schemas.microsoft.com/maml/dev/2004/10";

    /// <summary>What there is to say of parameters that PowerShell adds.</summary>
    public static IReadOnlyDictionary<string, string> Common { get; } = new Dictionary<string, string>
    {
        ["WhatIf"] = "Shows what would happen. Nothing is done.",
        ["Confirm"] = "Asks before anything is done.",
    };

    public void Write(string path) => new XDocument(
        new XElement(Msh + "helpItems", new XAttribute("schema", "maml"), pages.Select(Page))).Save(path);

    private static XElement Page(CommandPage page) => new(Command + "command",
        new XAttribute(XNamespace.Xmlns + "maml", Maml), new XAttribute(XNamespace.Xmlns + "command", Command), new XAttribute(XNamespace.Xmlns + "dev", Dev),
        new XElement(Command + "details",
            new XElement(Command + "name", page.Command.Name),
            new XElement(Command + "verb", page.Command.Verb),
            new XElement(Command + "noun", page.Command.Noun),
            Description(page.Synopsis)),
        Description(page.Description),
        new XElement(Command + "syntax", page.Command.Sets.Select(set => Syntax(page, set))),
        new XElement(Command + "parameters", page.Command.Parameters.OrderBy(parameter => parameter.Name, StringComparer.Ordinal)
            .Select(parameter => Parameter(page, parameter, parameter.Uses[0]))),
        new XElement(Command + "inputTypes", page.Inputs.Select(input => TypeAndText("inputType", input.Type, input.Text))),
        new XElement(Command + "returnValues", page.Outputs.Select(output => TypeAndText("returnValue", output.Type, output.Text))),
        new XElement(Maml + "alertSet", new XElement(Maml + "alert", Paragraphs(page.Notes))),
        new XElement(Command + "examples", page.Examples.Select((example, i) => new XElement(Command + "example",
            new XElement(Maml + "title", $"Example {i + 1}: {example.Title}"),
            new XElement(Dev + "code", example.Code),
            new XElement(Dev + "remarks", Paragraphs(example.Remarks))))),
        new XElement(Command + "relatedLinks", page.Related.Select(link => new XElement(Maml + "navigationLink",
            new XElement(Maml + "linkText", link), new XElement(Maml + "uri")))));

    private static XElement Syntax(CommandPage page, string set) => new(Command + "syntaxItem",
        new XElement(Maml + "name", page.Command.Name),
        page.Command.Parameters
            .Select(parameter => (Parameter: parameter, Use: parameter.In(set)))
            .Where(entry => entry.Use is not null)
            .OrderBy(entry => entry.Use!.Position ?? int.MaxValue).ThenByDescending(entry => entry.Use!.Mandatory)
            .Select(entry => Parameter(page, entry.Parameter, entry.Use!)));

    private static XElement Parameter(CommandPage page, ParameterInfo parameter, ParameterUse use)
    {
        bool isArray = parameter.Type.IsArray;
        XElement element = new(Command + "parameter",
            new XAttribute("required", use.Mandatory), new XAttribute("variableLength", isArray), new XAttribute("globbing", parameter.Wildcards),
            new XAttribute("pipelineInput", Pipeline(use)), new XAttribute("position", use.Position?.ToString() ?? "named"),
            new XAttribute("aliases", parameter.Aliases.Count == 0 ? "none" : string.Join(", ", parameter.Aliases)),
            new XElement(Maml + "name", parameter.Name),
            Description(page.Parameters.GetValueOrDefault(parameter.Name) ?? (Common.TryGetValue(parameter.Name, out string? text) ? [text] : [])));
        if (!parameter.IsSwitch)
            element.Add(new XElement(Command + "parameterValue", new XAttribute("required", true), new XAttribute("variableLength", isArray), parameter.TypeName));
        if (parameter.AcceptedValues.Count > 0)
            element.Add(new XElement(Command + "parameterValueGroup", parameter.AcceptedValues
                .Select(value => new XElement(Command + "parameterValue", new XAttribute("required", false), new XAttribute("variableLength", false), value))));
        element.Add(new XElement(Dev + "type", new XElement(Maml + "name", parameter.TypeName), new XElement(Maml + "uri")));
        element.Add(new XElement(Dev + "defaultValue", parameter.IsSwitch ? "False" : "None"));
        return element;
    }

    private static string Pipeline(ParameterUse use) => (use.ByValue, use.ByPropertyName) switch
    {
        (true, true) => "True (ByValue, ByPropertyName)",
        (true, false) => "True (ByValue)",
        (false, true) => "True (ByPropertyName)",
        _ => "False",
    };

    private static XElement TypeAndText(string element, string type, IReadOnlyList<string> text) => new(Command + element,
        new XElement(Dev + "type", new XElement(Maml + "name", type)), Description(text));

    private static XElement Description(IReadOnlyList<string> paragraphs) => new(Maml + "description", Paragraphs(paragraphs));

    private static IEnumerable<XElement> Paragraphs(IReadOnlyList<string> paragraphs) => paragraphs.Select(paragraph => new XElement(Maml + "para", paragraph));
}
