using System.Xml.Linq;

namespace LguestPS.ViewFiles;

/// <summary>Writes the format file: each view once for live objects and for those from a job, a file or another computer.</summary>
internal static class FormatWriter
{
    public static void Write(IEnumerable<TypeView> views, string path) =>
        new XDocument(new XElement("Configuration", new XElement("ViewDefinitions", views.SelectMany(view => view.Controls.Select(control => View(view, control)))))).Save(path);

    private static XElement View(TypeView view, Control control) => new("View",
        new XElement("Name", view.Types[0]),
        new XElement("ViewSelectedBy", view.Types.Select(type => $"LguestPS.{type}").SelectMany(type => new[] { type, $"Deserialized.{type}" }).Select(type => new XElement("TypeName", type))),
        control.Group is { } group ? new XElement("GroupBy", Value(group), new XElement("Label", group.Label)) : null,
        control.Shape switch
        {
            ControlShape.Table => Table(control),
            ControlShape.List => List(control),
            _ => Text(control),
        });

    private static XElement Table(Control table) => new("TableControl",
        new XElement("TableHeaders", table.Items.Select(item => new XElement("TableColumnHeader",
            new XElement("Label", item.Label.Length > 0 ? item.Label : " "),
            item.Width is { } width ? new XElement("Width", width) : null,
            item.IsRight ? new XElement("Alignment", "Right") : null))),
        new XElement("TableRowEntries", new XElement("TableRowEntry",
            table.Wraps ? new XElement("Wrap") : null,
            new XElement("TableColumnItems", table.Items.Select(item => new XElement("TableColumnItem", Value(item)))))));

    private static XElement List(Control list) => new("ListControl", new XElement("ListEntries", new XElement("ListEntry",
        new XElement("ListItems", list.Items.Select(item => new XElement("ListItem",
            new XElement("Label", item.Label),
            item.Condition is { } condition ? new XElement("ItemSelectionCondition", new XElement("ScriptBlock", condition)) : null,
            Value(item)))))));

    private static XElement Text(Control text) => new("CustomControl", new XElement("CustomEntries", new XElement("CustomEntry",
        new XElement("CustomItem", new XElement("ExpressionBinding", Value(text.Items[0]))))));

    private static XElement Value(Item item) => item.Script is { } script ? new XElement("ScriptBlock", script) : new XElement("PropertyName", item.Property);
}
