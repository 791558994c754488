namespace LguestPS.Cmdlets;

/// <summary>Where the module is that this assembly is of.</summary>
internal static class ModuleManifest
{
    private const string Name = "LguestPS.psd1";

    /// <summary>The path of its manifest, which is in one of the folders above the assembly.</summary>
    public static string Path { get; } = Find();

    private static string Find()
    {
        for (DirectoryInfo? folder = new FileInfo(typeof(ModuleManifest).Assembly.Location).Directory; folder is not null; folder = folder.Parent)
            if (File.Exists(System.IO.Path.Combine(folder.FullName, Name))) return System.IO.Path.Combine(folder.FullName, Name);
        return Name;
    }
}
