using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace LguestPS;

/// <summary>The load context of the engine and its libraries.</summary>
internal sealed class PrivateContext : AssemblyLoadContext
{
    private const string OurNames = "LguestPS.";

    // Loops here, not sequences: this assembly is for every platform, so the runtime compiles each method of it at each import.
    private readonly List<string> folders;

    private PrivateContext(string folder) : base("LguestPS")
    {
        folders = [folder];
        foreach (string platform in Platforms())
            if (Path.Combine(folder, "runtimes", platform, "lib") is var library && Directory.Exists(library)) folders.AddRange(Directory.GetDirectories(library));
    }

    /// <summary>Makes it, and has it answer for what nobody else has: assemblies whose names begin with ours.</summary>
    /// <param name="folder">The folder of the assemblies.</param>
    public static void Open(string folder)
    {
        PrivateContext context = new(folder);
        Default.Resolving += (_, name) => name.Name!.StartsWith(OurNames, StringComparison.Ordinal) ? context.Load(name) : null;
    }

    /// <summary>An assembly of the folder, or of what is laid out there for this platform as in a NuGet package; null if there is none of that name.</summary>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        foreach (string folder in folders)
            if (Path.Combine(folder, assemblyName.Name + ".dll") is var path && File.Exists(path)) return LoadFromAssemblyPath(path);
        return null;
    }

    /// <summary>This platform by its own name; and any Linux, whose C library or distribution may have got it a name of its own, as Linux.</summary>
    private static string[] Platforms() => OperatingSystem.IsLinux()
        ? [RuntimeInformation.RuntimeIdentifier, $"linux-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}"]
        : [RuntimeInformation.RuntimeIdentifier];
}
