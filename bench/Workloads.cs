using System.Diagnostics;

namespace LguestPS.Bench;

/// <summary>The guests and programs in bench/workloads, built when they are first needed.</summary>
internal static class Workloads
{
    /// <summary>Name and rounds of each workload: enough rounds for about a second of emulation.</summary>
    public static readonly (string Name, int Rounds)[] All =
    [
        ("checksum", 400), ("unpack", 80), ("memory", 40000), ("sieve", 120), ("tree", 120),
        ("interpreter", 40000), ("sort", 60), ("hash", 250), ("many functions", 300),
        ("matrix", 60), ("matrix, packed", 100), ("copy by xmm", 1200), ("sha256", 250),
    ];

    public static readonly string Repository = FindRepository();

    public static readonly string Folder = Path.Combine(Repository, "bench", "workloads");

    /// <summary>The staged console program.</summary>
    public static readonly string Launcher = Path.Combine(Repository, "out", "lguest", OperatingSystem.IsWindows() ? "lguest.exe" : "lguest");

    /// <exception cref="BenchException">What builds them is not there.</exception>
    public static void Build()
    {
        Programs.Require("make", "gcc", "python3");
        Run("make", "-s", "-C", Folder);
    }

    public static GuestDefinition Guest(string image, string commandLine, int megabytes = 16) => new()
    {
        Name = "bench",
        Kernel = Path.Combine(Folder, image),
        CommandLine = commandLine,
        Memory = (long)megabytes << 20,
        Cpu = CpuChoice.Emulated,
    };

    /// <summary>Runs a program to its end.</summary>
    /// <returns>What it printed, and how long it took.</returns>
    /// <exception cref="BenchException">It is not there, or failed.</exception>
    public static (string Output, TimeSpan Time) Run(string program, params string[] arguments)
    {
        long start = Stopwatch.GetTimestamp();
        using Process process = Programs.Start(program, arguments);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        if (process.ExitCode != 0) throw new BenchException($"{program} {string.Join(' ', arguments)} ended with status {process.ExitCode}");
        return (output.Trim(), time);
    }

    private static string FindRepository()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "LguestPS.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException("LguestPS.sln is in no folder above this program");
    }
}
