using System.Diagnostics;
using System.Runtime.InteropServices;
using Xunit;

namespace LguestPS.Tests.Programs;

/// <summary>The programs of tests/programs, built for this test, and what runs a folder of programs here and in a guest; or the reason why there are none.</summary>
public sealed class ProgramFiles : IDisposable
{
    private const string RunnerSource = "runner.c";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly TempFolder folder = new();
    private readonly string? whyNot;
    private IReadOnlyList<ProgramRun>? ownRuns;

    public ProgramFiles()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.OSArchitecture is not (Architecture.X64 or Architecture.X86))
        {
            whyNot = $"i386 programs need an x86 Linux, this is {RuntimeInformation.RuntimeIdentifier}";
            return;
        }
        Directory.CreateDirectory(Own);
        foreach (string name in Names)
            whyNot ??= Build($"{name}.c", Path.Combine(Own, name));
        whyNot ??= Build(RunnerSource, Runner);
    }

    /// <summary>Of our own programs.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. Directory.GetFiles(Repository.Path("tests", "programs"), "*.c").Select(Path.GetFileNameWithoutExtension).Where(name => $"{name}.c" != RunnerSource).Order(StringComparer.Ordinal).Select(name => name!)];

    /// <summary>The folder with the programs.</summary>
    public string Own => folder.Path("own");

    /// <summary>The program that runs a folder of them.</summary>
    public string Runner => folder.Path("runner");

    public void Require() => Skip.If(whyNot is not null, whyNot);

    /// <summary>What our own do on this machine's processor.</summary>
    internal IReadOnlyList<ProgramRun> OwnRuns => ownRuns ??= RunHere(Own);

    /// <summary>Runs all programs of a folder on this machine's processor.</summary>
    internal IReadOnlyList<ProgramRun> RunHere(string programs)
    {
        string copy = folder.Path($"here-{Guid.NewGuid():n}"), output = $"{copy}.records";
        Directory.CreateDirectory(copy);
        foreach (string file in Directory.GetFiles(programs)) File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        using Process process = Process.Start(new ProcessStartInfo(Runner, [copy, output]) { RedirectStandardError = true })!;
        Task<string> problem = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience)) process.Kill(entireProcessTree: true);
        Assert.True(process.ExitCode == 0, $"the runner ended with status {process.ExitCode}: {problem.GetAwaiter().GetResult()}");
        return ProgramRun.Read(File.ReadAllBytes(output));
    }

    public void Dispose() => folder.Dispose();

    /// <returns>Why it could not be built, or null.</returns>
    private static string? Build(string source, string program)
    {
        string[] arguments =
        [
            "-m32", "-march=pentium4", "-mtune=generic", "-O1", "-ffreestanding", "-fno-stack-protector", "-fcf-protection=none", "-nostdlib", "-static", "-fno-pie", "-no-pie",
            "-Wl,--build-id=none", "-o", program, Repository.Path("tests", "programs", source),
        ];
        try
        {
            using Process gcc = Process.Start(new ProcessStartInfo("gcc", arguments) { RedirectStandardError = true })!;
            string messages = gcc.StandardError.ReadToEnd();
            gcc.WaitForExit();
            return gcc.ExitCode == 0 ? null : $"gcc cannot build {source}: {messages}";
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return $"the programs need gcc: {e.Message}";
        }
    }
}
