using System.Diagnostics;

namespace LguestPS.Bench;

/// <summary>How long it takes from starting a program to the first byte a guest prints.</summary>
internal static class StartComparison
{
    private const int Rounds = 15;

    public static int Run()
    {
        string hello = Path.Combine(Workloads.Repository, "examples", "hello", "hello.yaml");
        string kernel = Path.Combine(Workloads.Repository, "examples", "hello", "hello.elf");
        Programs.Require(Workloads.Launcher);
        Console.WriteLine("| command | first guest output, ms (best) | (median) |");
        Console.WriteLine("|---|---:|---:|");
        Show("lguest 4 hello.elf", Workloads.Launcher, "4", kernel);
        Show("lguest hello.yaml", Workloads.Launcher, hello);
        return 0;
    }

    private static void Show(string name, string program, params string[] arguments)
    {
        double[] times = [.. Enumerable.Range(0, Rounds).Select(_ => FirstByte(program, arguments).TotalMilliseconds).Order()];
        Console.WriteLine($"| {name} | {times[0]:F0} | {times[Rounds / 2]:F0} |");
    }

    private static TimeSpan FirstByte(string program, string[] arguments)
    {
        long start = Stopwatch.GetTimestamp();
        using Process process = Programs.Start(program, arguments);
        int first = process.StandardOutput.BaseStream.ReadByte();
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return first >= 0 ? time : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} printed nothing");
    }
}
