namespace LguestPS.ViewFiles;

/// <summary>The public types of the engine.</summary>
internal static class Engine
{
    private static readonly Dictionary<string, Type> Types = typeof(Guest).Assembly.GetExportedTypes()
        .Where(type => !type.IsNested && type.Namespace is not null).ToDictionary(type => type.FullName!["LguestPS.".Length..]);

    public static Type? Find(string name) => Types.GetValueOrDefault(name);

    /// <summary>All of them, in an order that stays.</summary>
    public static IEnumerable<Type> All => Types.Values.OrderBy(type => type.FullName, StringComparer.Ordinal);

    public static IEnumerable<Type> Enumerations => All.Where(type => type.IsEnum);
}
