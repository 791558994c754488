using System.ComponentModel;
using System.Diagnostics;

namespace LguestPS.Bench;

/// <summary>Something that this machine lacks for a measurement; the message says what to install or do.</summary>
internal sealed class BenchException(string message) : Exception(message);

/// <summary>The programs that a measurement builds with or compares with.</summary>
internal static class Programs
{
    // Where they come from, by Debian's names.
    private static readonly Dictionary<string, string> Packages = new()
    {
        ["make"] = "make",
        ["gcc"] = "gcc",
        ["python3"] = "python3",
        ["qemu-i386"] = "qemu-user",
        ["qemu-system-i386"] = "qemu-system-x86",
    };

    /// <summary>Checks, before anything is measured, that programs are there.</summary>
    /// <exception cref="BenchException">One is not.</exception>
    public static void Require(params string[] programs)
    {
        string[] missing = [.. programs.Where(program => !IsThere(program))];
        if (missing.Length > 0) throw Missing(missing);
    }

    /// <summary>Starts a program whose output is read and which gets no input of ours.</summary>
    /// <exception cref="BenchException">It is not there.</exception>
    public static Process Start(string program, params string[] arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        }
        catch (Win32Exception)
        {
            throw Missing(program);
        }
    }

    private static bool IsThere(string program) => Path.IsPathRooted(program)
        ? File.Exists(program)
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, program)));

    private static BenchException Missing(params string[] programs) => new(
        programs is [var one] && one == Workloads.Launcher
            ? $"{one} does not exist: run 'dotnet build' in {Workloads.Repository} first"
            : $"this measurement needs {string.Join(", ", programs)}: install {string.Join(" ", programs.Select(program => Packages.GetValueOrDefault(program, program)))} (Debian: apt-get install) and run it again");
}
