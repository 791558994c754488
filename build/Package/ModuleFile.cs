namespace LguestPS.Package;

/// <summary>A file of the module.</summary>
/// <param name="ModulePath">Where it is in the module, such as <c>bin/any/Iced.dll</c>.</param>
/// <param name="Source">The file itself.</param>
/// <param name="Package">The NuGet package it comes from, or null if it is ours.</param>
/// <param name="PackageVersion">That package's version, or null.</param>
internal sealed record ModuleFile(string ModulePath, string Source, string? Package, string? PackageVersion)
{
    public bool IsAssembly => ModulePath.EndsWith(".dll", StringComparison.Ordinal);

    /// <summary>Reads the build's list, in an order that stays: a line has the four, with bars between them.</summary>
    public static IReadOnlyList<ModuleFile> ReadList(string path) =>
    [
        .. File.ReadAllLines(path).Select(line => line.Split('|'))
            .Select(parts => new ModuleFile(parts[0].Replace('\\', '/'), parts[1], parts[2] is "" ? null : parts[2], parts[3] is "" ? null : parts[3]))
            .OrderBy(file => file.ModulePath, StringComparer.Ordinal),
    ];
}
