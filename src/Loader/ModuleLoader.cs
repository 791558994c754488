using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace LguestPS;

/// <summary>Loads the module, and keeps what it brings along apart from what other modules do.</summary>
/// <remarks>
/// A PowerShell process has one default load context for all modules: whichever version of a library gets there first is everybody's.
/// So the engine and its libraries live in a context of their own. Only the cmdlets are in the default one. They use no library,
/// ask for assemblies by names that no other module has, and forward the engine's types, since PowerShell finds types by name in the default context only.
/// </remarks>
public static class ModuleLoader
{
    private const string CmdletsFile = "LguestPS.dll";

    private static readonly Lock Gate = new();
    private static string? loadedFolder;
    private static Assembly? cmdlets;

    /// <summary>Loads the cmdlets of a module's folder, once.</summary>
    /// <param name="folder">The folder of the module that is imported.</param>
    /// <returns>Why it cannot be imported: another copy is loaded; otherwise null.</returns>
    /// <remarks>LguestPS.psm1 calls this, also that of another version: name, parameter and result stay as they are.</remarks>
    public static string? Start(string folder)
    {
        lock (Gate)
        {
            if (loadedFolder is null)
            {
                string assemblies = AssembliesIn(folder);
                PrivateContext.Open(assemblies);
                cmdlets = Assembly.LoadFrom(Path.Combine(assemblies, CmdletsFile));
                loadedFolder = folder;
            }
            return string.Equals(folder, loadedFolder, OperatingSystem.IsWindows() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal) ? null
                : $"LguestPS {VersionIn(folder)} cannot be imported from '{folder}': this PowerShell has loaded LguestPS {cmdlets!.GetName().Version!.ToString(3)} from '{loadedFolder}', "
                + "and code that is loaded stays until PowerShell ends. Start a new session, and import there the one you want.";
        }
    }

    /// <summary>What is compiled ahead of time is loaded by its own platform only.</summary>
    private static string AssembliesIn(string folder)
    {
        string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        string architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        string compiled = Path.Combine(folder, "bin", $"{system}-{architecture}");
        return File.Exists(Path.Combine(compiled, CmdletsFile)) ? compiled : Path.Combine(folder, "bin", "any");
    }

    /// <summary>The version that a module's manifest says.</summary>
    private static string VersionIn(string folder) =>
        Regex.Match(File.ReadAllText(Path.Combine(folder, "LguestPS.psd1")), @"^\s*ModuleVersion\s*=\s*'([^']*)'", RegexOptions.Multiline).Groups[1].Value;
}
