namespace LguestPS.ViewFiles;

/// <summary>The public types of the engine.</summary>
internal static class Engine
{
    private static readonly Dictionary<string, Type> Types = typeof(Guest).Assembly.GetExportedTypes()
        .Where(type => !type.IsNested && type.Namespace is not null).ToDictionary(type => type.FullName!["LguestPS.".Length..]);

    public static Type? Find(string name) => Types.GetValueOrDefault(name);

    public static IEnumerable<Type> Enumerations => Types.Values.Where(type => type.IsEnum).OrderBy(type => type.FullName, StringComparer.Ordinal);
}
