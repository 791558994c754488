using System.Diagnostics;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Xunit;
using Xunit.Abstractions;

namespace LguestPS.Tests.Pester;

/// <summary>Runs the Pester tests on what is installed from the module's package, where PowerShell and Pester are installed, and says so where they are not.</summary>
public sealed class PesterTests(PesterRun run, ITestOutputHelper output) : IClassFixture<PesterRun>
{
    public static TheoryData<string> Files => [.. FileNames];

    private static IEnumerable<string> FileNames => Directory.EnumerateFiles(PesterRun.Folder, "*.Tests.ps1").Select(file => Path.GetFileName(file)).Order();

    [SkippableTheory]
    [MemberData(nameof(Files))]
    public void Pester_passes(string file)
    {
        Skip.If(run.Missing is not null, run.Missing);
        output.WriteLine($"Pester: {run.Passed} passed, {run.Failed} failed, {run.Skipped} skipped in all files.");
        Assert.True(run.Finished, $"Pester did not finish:\n{run.Output}");
        PesterFailure[] failures = [.. run.Failures.Where(failure => Path.GetFileName(failure.File) == file)];
        Assert.True(failures.Length == 0, string.Join("\n\n", failures.Select(failure => $"{failure.Name}\n{failure.Message}")));
    }

    [SkippableFact]
    public void The_tested_module_is_installed_from_the_package()
    {
        Skip.If(run.Missing is not null, run.Missing);
        Assert.StartsWith(Path.Combine(PesterRun.Results, "installed") + Path.DirectorySeparatorChar, run.Module);
        using ZipArchive package = ZipFile.OpenRead(PesterRun.Package!);
        foreach (ZipArchiveEntry assembly in package.Entries.Where(entry => entry.Name.EndsWith(".dll", StringComparison.Ordinal)))
        {
            using Stream packed = assembly.Open();
            using Stream installed = File.OpenRead(Path.Combine(run.Module, assembly.FullName));
            Assert.Equal(SHA256.HashData(packed), SHA256.HashData(installed));
        }
    }

    [SkippableFact]
    public void No_failure_is_outside_the_test_files()
    {
        Skip.If(run.Missing is not null, run.Missing);
        Assert.All(run.Failures, failure => Assert.Contains(Path.GetFileName(failure.File), FileNames));
    }
}

/// <summary>Runs the tests of what Pester 6 adds on it; all others need only pass on one Pester.</summary>
public sealed class Pester6Tests(Pester6Run run, ITestOutputHelper output) : IClassFixture<Pester6Run>
{
    [SkippableFact]
    public void Assertions_pass_on_Pester_6()
    {
        Skip.If(run.Missing is not null, run.Missing);
        output.WriteLine($"Pester 6: {run.Passed} passed, {run.Failed} failed, {run.Skipped} skipped.");
        Assert.True(run.Finished, $"Pester did not finish:\n{run.Output}");
        Assert.True(run.Failures.Count == 0, string.Join("\n\n", run.Failures.Select(failure => $"{failure.Name}\n{failure.Message}")));
    }
}

/// <summary>A failed test, as tests/Pester/Run.ps1 writes it down.</summary>
public sealed record PesterFailure(string File, string Name, string Message);

/// <summary>One run of what assertions do, on Pester 6.</summary>
public sealed class Pester6Run() : PesterRun(6, "Assertions.Tests.ps1", "pester-6");

/// <summary>One run of all Pester tests, shared by the facts that look at it.</summary>
public class PesterRun
{
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private static readonly string Repository = FindRepository();

    public PesterRun() : this(5, "", "")
    {
    }

    /// <param name="version">Of Pester.</param>
    /// <param name="tests">A file of tests/Pester; empty for all.</param>
    /// <param name="subfolder">Of out, where the results go.</param>
    private protected PesterRun(int version, string tests, string subfolder)
    {
        string results = Path.Combine(Results, subfolder);
        string failures = Path.Combine(results, "pester-failures.json");
        Directory.CreateDirectory(results);
        File.Delete(failures);
        File.Delete(Path.Combine(results, "pester-counts.txt"));
        if (Package is null) Missing = "out/LguestPS.VERSION.nupkg is not there: build the solution first.";
        else if (!TryRun(out string? found, "-Command", $"$PSVersionTable.PSVersion -ge [version]'7.6' -and @(Get-Module Pester -ListAvailable | Where-Object {{ $_.Version.Major -eq {version} }}).Count -gt 0"))
            Missing = "pwsh is not on the path: Pester was not run.";
        else if (!found.Contains("True")) Missing = $"PowerShell 7.6 with Pester {version} is not on this machine: Pester was not run. {found.Trim()}";
        if (Missing is not null) return;

        TryRun(out string? output, "-File", Path.Combine(Folder, "Run.ps1"), "-Path", Path.Combine(Folder, tests), "-Package", Package!, "-ResultFolder", results, "-PesterVersion", $"{version}");
        Output = output ?? "";
        if (!File.Exists(failures)) return;
        using JsonDocument written = JsonDocument.Parse(File.ReadAllText(failures));
        Module = written.RootElement.GetProperty("Module").GetString()!;
        Passed = written.RootElement.GetProperty("Passed").GetInt32();
        Failed = written.RootElement.GetProperty("Failed").GetInt32();
        Skipped = written.RootElement.GetProperty("Skipped").GetInt32();
        Failures = written.RootElement.GetProperty("Failures").Deserialize<PesterFailure[]>() ?? [];
        Finished = true;
    }

    public static string Results => Path.Combine(Repository, "out");

    /// <summary>The package that the build has made, or null.</summary>
    public static string? Package => Directory.Exists(Results) ? Directory.EnumerateFiles(Results, "LguestPS.*.nupkg").SingleOrDefault() : null;

    public static string Folder => Path.Combine(Repository, "tests", "Pester");

    /// <summary>What is missing on this machine to run Pester, or null.</summary>
    public string? Missing { get; }

    public bool Finished { get; }

    public string Output { get; } = "";

    /// <summary>The folder of the module that was tested.</summary>
    public string Module { get; } = "";

    public int Passed { get; }

    public int Failed { get; }

    public int Skipped { get; }

    public IReadOnlyList<PesterFailure> Failures { get; } = [];

    private static string FindRepository()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "LguestPS.sln"))) folder = Path.GetDirectoryName(folder);
        return folder ?? throw new DirectoryNotFoundException("LguestPS.sln is in no folder above the tests");
    }

    /// <returns>False if there is no pwsh.</returns>
    private static bool TryRun([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out string? output, params string[] arguments)
    {
        ProcessStartInfo start = new("pwsh") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Repository };
        foreach (string argument in (string[])["-NoProfile", "-NonInteractive", .. arguments]) start.ArgumentList.Add(argument);
        start.Environment["NO_COLOR"] = "1";
        // What the test host says about its own runtime is not meant for PowerShell.
        foreach (string name in (string[])["DOTNET_TieredCompilation", "DOTNET_TieredPGO", "MSBUILD_EXE_PATH", "MSBuildSDKsPath", "MSBuildExtensionsPath"]) start.Environment.Remove(name);
        try
        {
            using Process process = Process.Start(start)!;
            StringBuilder said = new();
            CountdownEvent open = new(2);
            void Add(object sender, DataReceivedEventArgs line)
            {
                lock (said) said.AppendLine(line.Data);
                if (line.Data is null) open.Signal();
            }
            process.OutputDataReceived += Add;
            process.ErrorDataReceived += Add;
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            if (!process.WaitForExit(Longest)) process.Kill(entireProcessTree: true);
            // Not for ever: if PowerShell falls over, whatever a test has started holds its output open.
            open.Wait(TimeSpan.FromMinutes(1));
            lock (said) output = said.ToString();
            return true;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            output = null;
            return false;
        }
    }
}
