using System.Reflection;

namespace LguestPS.Help;

/// <summary>One parameter in one parameter set.</summary>
internal sealed record ParameterUse(string Set, bool Mandatory, int? Position, bool ByValue, bool ByPropertyName, bool Remaining = false);

/// <summary>One parameter of a cmdlet.</summary>
internal sealed record ParameterInfo(string Name, Type Type, IReadOnlyList<string> Aliases, bool Wildcards, IReadOnlyList<ParameterUse> Uses)
{
    public bool IsSwitch => Type.Name == "SwitchParameter";

    public string TypeName => (Nullable(Type) ?? Type).Name;

    /// <summary>Its type with the namespace, as a page names it.</summary>
    public string FullTypeName => (Nullable(Type) ?? Type) is var type && type.IsGenericType ? type.ToString() : type.FullName!;

    /// <summary>The names of an enumeration; none of any other type.</summary>
    public IReadOnlyList<string> AcceptedValues
    {
        get
        {
            Type values = Nullable(Type) ?? (Type.IsArray ? Type.GetElementType()! : Type);
            return values.IsEnum ? [.. values.GetFields().Where(value => value.IsLiteral).Select(value => value.Name)] : [];
        }
    }

    public ParameterUse? In(string set) => Uses.FirstOrDefault(use => use.Set == set) ?? Uses.FirstOrDefault(use => use.Set == CommandInfo.AllSets);

    private static Type? Nullable(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition().FullName == "System.Nullable`1" ? type.GetGenericArguments()[0] : null;
}

/// <summary>A cmdlet as its attributes describe it.</summary>
internal sealed record CommandInfo(string Verb, string Noun, string? DefaultSet, IReadOnlyList<string> Aliases, IReadOnlyList<ParameterInfo> Parameters)
{
    public const string AllSets = "__AllParameterSets";

    public string Name => $"{Verb}-{Noun}";

    /// <summary>The parameter sets, the default one first.</summary>
    public IReadOnlyList<string> Sets
    {
        get
        {
            IEnumerable<string> used = Parameters.SelectMany(parameter => parameter.Uses).Select(use => use.Set);
            // A default set may have no parameter of its own.
            string[] named = [.. (DefaultSet is null ? used : used.Append(DefaultSet)).Where(set => set != AllSets).Distinct()];
            return named.Length == 0 ? [AllSets] : [.. named.OrderByDescending(set => set == DefaultSet)];
        }
    }
}

/// <summary>Reads the cmdlets of a module without running it.</summary>
internal sealed class CommandMetadata : IDisposable
{
    private readonly MetadataLoadContext context;

    public CommandMetadata(string module, IEnumerable<string> references)
    {
        context = new MetadataLoadContext(new PathAssemblyResolver(references.Append(module)));
        foreach (Type type in context.LoadFromAssemblyPath(module).GetExportedTypes())
            if (Attribute(type, "CmdletAttribute") is { } cmdlet)
            {
                CommandInfo command = Describe(type, cmdlet);
                Commands.Add(command.Name, command);
            }
    }

    public SortedDictionary<string, CommandInfo> Commands { get; } = new(StringComparer.Ordinal);

    public void Dispose() => context.Dispose();

    private static CommandInfo Describe(Type type, CustomAttributeData cmdlet)
    {
        List<ParameterInfo> parameters = [.. type.GetProperties().DistinctBy(property => property.Name).Select(Describe).OfType<ParameterInfo>()];
        if (Named(cmdlet, "SupportsShouldProcess") is true)
        {
            Type flag = cmdlet.AttributeType.Assembly.GetType("System.Management.Automation.SwitchParameter", throwOnError: true)!;
            parameters.Add(new ParameterInfo("WhatIf", flag, ["wi"], false, [new ParameterUse(CommandInfo.AllSets, false, null, false, false)]));
            parameters.Add(new ParameterInfo("Confirm", flag, ["cf"], false, [new ParameterUse(CommandInfo.AllSets, false, null, false, false)]));
        }
        return new CommandInfo(
            (string)cmdlet.ConstructorArguments[0].Value!, (string)cmdlet.ConstructorArguments[1].Value!,
            Named(cmdlet, "DefaultParameterSetName") as string, AliasesOf(type), parameters);
    }

    private static ParameterInfo? Describe(PropertyInfo property)
    {
        ParameterUse[] uses =
        [
            .. property.GetCustomAttributesData().Where(attribute => attribute.AttributeType.Name == "ParameterAttribute").Select(attribute => new ParameterUse(
                Named(attribute, "ParameterSetName") as string ?? CommandInfo.AllSets,
                Named(attribute, "Mandatory") is true,
                Named(attribute, "Position") as int?,
                Named(attribute, "ValueFromPipeline") is true,
                Named(attribute, "ValueFromPipelineByPropertyName") is true,
                Named(attribute, "ValueFromRemainingArguments") is true)),
        ];
        if (uses.Length == 0 || property.GetCustomAttributesData().Any(attribute => Named(attribute, "DontShow") is true)) return null;
        return new ParameterInfo(property.Name, property.PropertyType, AliasesOf(property), Attribute(property, "SupportsWildcardsAttribute") is not null, uses);
    }

    private static IReadOnlyList<string> AliasesOf(MemberInfo member) =>
        Attribute(member, "AliasAttribute")?.ConstructorArguments[0].Value is IEnumerable<CustomAttributeTypedArgument> given
            ? [.. given.Select(argument => (string)argument.Value!)]
            : [];

    private static CustomAttributeData? Attribute(MemberInfo member, string name)
    {
        for (MemberInfo? at = member; at is not null; at = (at as Type)?.BaseType)
            if (at.GetCustomAttributesData().FirstOrDefault(attribute => attribute.AttributeType.Name == name) is { } found) return found;
        return null;
    }

    private static object? Named(CustomAttributeData attribute, string name) =>
        attribute.NamedArguments.FirstOrDefault(argument => argument.MemberName == name).TypedValue.Value;
}
