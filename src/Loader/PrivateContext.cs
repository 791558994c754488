using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace LguestPS;

/// <summary>The load context of the engine and its libraries.</summary>
internal sealed class PrivateContext : AssemblyLoadContext
{
    private const string OurNames = "LguestPS.";

    private readonly string folder;

    private PrivateContext(string folder) : base("LguestPS") => this.folder = folder;

    /// <summary>Makes it, and has it answer for what nobody else has: assemblies whose names begin with ours.</summary>
    /// <param name="folder">The folder of the assemblies.</param>
    public static void Open(string folder)
    {
        PrivateContext context = new(folder);
        Default.Resolving += (_, name) => name.Name!.StartsWith(OurNames, StringComparison.Ordinal) ? context.Load(name) : null;
    }

    /// <summary>An assembly of the folder; null if it has none of that name.</summary>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        foreach (string path in Places(assemblyName.Name + ".dll"))
            if (File.Exists(path)) return LoadFromAssemblyPath(path);
        return null;
    }

    /// <summary>Where a file may be: what is different on each platform is laid out as in a NuGet package.</summary>
    private IEnumerable<string> Places(string file)
    {
        yield return Path.Combine(folder, file);
        foreach (string platform in Platforms().Select(name => Path.Combine(folder, "runtimes", name, "lib")).Where(Directory.Exists))
            foreach (string framework in Directory.EnumerateDirectories(platform)) yield return Path.Combine(framework, file);
    }

    /// <summary>This platform by its own name; and any Linux, whose C library or distribution may have got it a name of its own, as Linux.</summary>
    private static IEnumerable<string> Platforms()
    {
        yield return RuntimeInformation.RuntimeIdentifier;
        if (OperatingSystem.IsLinux()) yield return $"linux-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
    }
}
