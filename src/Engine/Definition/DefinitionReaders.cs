using System.Reflection;
using System.Runtime.Loader;

namespace LguestPS;

/// <summary>Loads the YAML reader so that its YamlDotNet and anybody else's do not meet.</summary>
/// <remarks>
/// A PowerShell process has one default load context for all modules: whichever YamlDotNet gets there first is everybody's.
/// So ours lives in a context of its own; only this assembly, which declares <see cref="IGuestDefinitionReader"/>, is shared.
/// </remarks>
public static class DefinitionReaders
{
    private const string ReaderAssembly = "LguestPS.Definitions";
    private const string ReaderType = "LguestPS.Definitions.GuestDefinitionReader";

    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, IGuestDefinitionReader> Loaded = [];

    /// <summary>The reader in a folder; the same one each time.</summary>
    /// <param name="folder">The folder with LguestPS.Definitions.dll and YamlDotNet.dll.</param>
    /// <exception cref="LguestException">FileUnavailable: they are not there, or do not fit this assembly.</exception>
    public static IGuestDefinitionReader Load(string folder)
    {
        folder = Path.GetFullPath(folder);
        lock (Gate)
        {
            if (Loaded.TryGetValue(folder, out IGuestDefinitionReader? reader)) return reader;
            return Loaded[folder] = Create(folder);
        }
    }

    private static IGuestDefinitionReader Create(string folder)
    {
        string path = Path.Combine(folder, ReaderAssembly + ".dll");
        try
        {
            Assembly assembly = new ReaderContext(folder).LoadFromAssemblyPath(path);
            return (IGuestDefinitionReader)Activator.CreateInstance(assembly.GetType(ReaderType, throwOnError: true)!)!;
        }
        catch (Exception e) when (e is IOException or BadImageFormatException or TypeLoadException or InvalidCastException or TargetInvocationException)
        {
            throw new LguestException(LguestError.FileUnavailable, $"the definition reader '{path}' cannot be loaded: {e.Message} Install LguestPS again.", e) { Path = path };
        }
    }

    private sealed class ReaderContext(string folder) : AssemblyLoadContext("LguestPS definitions")
    {
        private static readonly string[] Private = [ReaderAssembly, "YamlDotNet"];

        protected override Assembly? Load(AssemblyName name)
        {
            Assembly engine = typeof(IGuestDefinitionReader).Assembly;
            if (name.Name == engine.GetName().Name) return engine;
            return Private.Contains(name.Name) ? LoadFromAssemblyPath(Path.Combine(folder, name.Name + ".dll")) : null;
        }
    }
}
