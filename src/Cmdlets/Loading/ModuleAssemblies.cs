using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace LguestPS.Cmdlets;

/// <summary>Keeps what the module brings along apart from what other modules do.</summary>
/// <remarks>
/// A PowerShell process has one default load context for all modules: whichever version of a library gets there first is everybody's.
/// So the engine and its libraries live in a context of their own. Only this assembly is in the default one. It uses no library,
/// asks for assemblies by names that no other module has, and forwards the engine's types, since PowerShell finds types by name in the default context only.
/// </remarks>
public static class ModuleAssemblies
{
    private const string OurNames = "LguestPS.";

    private static readonly Lock Gate = new();
    private static PrivateContext? context;

    /// <summary>Makes the context; LguestPS.psm1 calls this before PowerShell looks at any other type of this assembly.</summary>
    public static void Isolate()
    {
        lock (Gate)
        {
            if (context is not null) return;
            context = new PrivateContext(Path.GetDirectoryName(typeof(ModuleAssemblies).Assembly.Location)!);
            AssemblyLoadContext.Default.Resolving += (_, name) => name.Name!.StartsWith(OurNames, StringComparison.Ordinal) ? context.Find(name) : null;
        }
    }

    private sealed class PrivateContext(string folder) : AssemblyLoadContext("LguestPS")
    {
        /// <summary>An assembly of this context; null if it has none of that name.</summary>
        public Assembly? Find(AssemblyName name) =>
            Places(name.Name + ".dll").FirstOrDefault(File.Exists) is { } path ? LoadFromAssemblyPath(path) : null;

        protected override Assembly? Load(AssemblyName name) => Find(name);

        /// <summary>Where a file may be: what is different on each platform is laid out as in a NuGet package, beside what runs on any.</summary>
        private IEnumerable<string> Places(string file)
        {
            yield return Path.Combine(folder, file);
            string any = Path.Combine(Path.GetDirectoryName(folder)!, "any");
            foreach (string platform in Platforms().Select(name => Path.Combine(any, "runtimes", name, "lib")).Where(Directory.Exists))
                foreach (string framework in Directory.EnumerateDirectories(platform)) yield return Path.Combine(framework, file);
        }

        /// <summary>This platform by its own name; and any Linux, whose C library or distribution may have got it a name of its own, as Linux.</summary>
        private static IEnumerable<string> Platforms()
        {
            yield return RuntimeInformation.RuntimeIdentifier;
            if (OperatingSystem.IsLinux()) yield return $"linux-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
        }
    }
}
