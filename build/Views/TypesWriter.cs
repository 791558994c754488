using System.Xml.Linq;
using LguestPS.Events;

namespace LguestPS.ViewFiles;

/// <summary>Writes the type file: what PowerShell is to know of objects beyond their properties.</summary>
/// <remarks>
/// Of an event names, texts and numbers cross to other processes, never an enumeration, which only a session with this module could read.
/// The properties that say so hide those of .NET. What is there twice for convenience is hidden, so that it is exported once.
/// </remarks>
internal static class TypesWriter
{
    private const string Prefix = "LguestPS.";
    private const int EventDepth = 4;       // event, list of parts, part, bytes

    public static void Write(IEnumerable<TypeView> views, string path) =>
        new XDocument(new XElement("Types", [.. Events(), .. Parts(), .. Described(views), .. Engine.Enumerations.Select(Enumeration)])).Save(path);

    private static IEnumerable<XElement> Events()
    {
        foreach (string prefix in new[] { "", "Deserialized." })
        {
            yield return Type(prefix + typeof(LguestEvent).FullName,
                new XElement("AliasProperty", new XAttribute("IsHidden", "true"), new XElement("Name", "Time"), new XElement("ReferencedMemberName", nameof(LguestEvent.GuestTime))),
                Code("What", isHidden: true));
        }
        foreach (EventSchema schema in EventSchemas.All)
        {
            IEnumerable<Field> shaped = schema.Fields.Where(field => IsPublic(schema.EventType, field) && (IsName(schema.EventType, field) || field.Format is FieldFormat.Parts or FieldFormat.HexList or FieldFormat.Dump));
            yield return Type(schema.EventType.FullName!, [
                .. shaped.Select(field => Code(field.Name)),
                Serialization(EventDepth, schema.Fields.Where(field => IsPublic(schema.EventType, field)))]);
        }
        yield return Type(Prefix + "HexNumbers", new XElement("CodeMethod", new XElement("Name", "ToString"), Method("CodeReference", "HexText")));
    }

    private static IEnumerable<XElement> Parts()
    {
        yield return Type(typeof(DmaSection).FullName!, Code("Data", isHidden: true), Serialization(2, EventSchemas.Section.Fields));
        yield return Type(typeof(VirtqueueDescriptor).FullName!, Code("Data", isHidden: true), Serialization(2, EventSchemas.Descriptor.Fields));
    }

    private static IEnumerable<XElement> Described(IEnumerable<TypeView> views) =>
        from view in views
        where view.Depth is not null || view.CodeProperties.Count > 0
        select Type(Prefix + view.Types[0], [.. view.CodeProperties.Select(name => Code(name)), Serialization(view.Depth, [])]);

    /// <summary>Enumerations of other objects cross as their names, too, so that comparing them with a name goes on working wherever they come to.</summary>
    private static XElement Enumeration(Type type) => Type(type.FullName!, StandardMembers(Note("SerializationMethod", "String")));

    private static XElement Serialization(int? depth, IEnumerable<Field> fields)
    {
        string[] names = [.. fields.Select(field => field.Name)];
        return StandardMembers(
            depth is { } levels ? Note("SerializationDepth", $"{levels}") : null,
            names.Length > 0 ? Note("SerializationMethod", "SpecificProperties") : null,
            names.Length > 0 ? new XElement("PropertySet", new XElement("Name", "PropertySerializationSet"), new XElement("ReferencedProperties", names.Select(name => new XElement("Name", name)))) : null);
    }

    private static bool IsPublic(Type type, Field field) => type.GetProperty(field.Name) is not null;

    private static bool IsName(Type type, Field field) => type.GetProperty(field.Name)!.PropertyType.IsEnum;

    private static XElement Type(string name, params XElement[] members) => new("Type", new XElement("Name", name), new XElement("Members", members));

    private static XElement Code(string name, bool isHidden = false) =>
        new("CodeProperty", new XElement("Name", name), isHidden ? new XAttribute("IsHidden", "true") : null, Method("GetCodeReference", name));

    private static XElement Method(string element, string name) => new(element, new XElement("TypeName", "LguestPS.Cmdlets.Views"), new XElement("MethodName", name));

    private static XElement StandardMembers(params XElement?[] members) => new("MemberSet", new XElement("Name", "PSStandardMembers"), new XElement("Members", members));

    private static XElement Note(string name, string value) => new("NoteProperty", new XElement("Name", name), new XElement("Value", value));
}
