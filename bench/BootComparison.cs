using System.Diagnostics;
using System.Text;

namespace LguestPS.Bench;

/// <summary>The same Linux, paravirtual in lguest and native in qemu's software emulation, turn about: from the start of the program to a text that the guest prints.</summary>
internal static class BootComparison
{
    private const string Peer = "qemu-system-i386";
    private const int Megabytes = 64;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly record struct Boot(TimeSpan Wall, TimeSpan Cpu, long PeakBytes);

    /// <param name="kernel">The kernel that lguest boots.</param>
    /// <param name="bzImage">The same kernel, as qemu boots it.</param>
    /// <param name="initrd">The initial RAM disk of both.</param>
    /// <param name="text">What its init prints first.</param>
    /// <param name="rounds">How often each boots.</param>
    /// <param name="words">More for both kernels' command lines; lpj=… spares them measuring their delay loop, which takes the same time at any speed.</param>
    public static int Run(string kernel, string bzImage, string initrd, string text, int rounds, string[] words)
    {
        Programs.Require(Workloads.Launcher);
        Programs.Require(Peer);
        string[] ownArguments = [$"--initrd={initrd}", $"{Megabytes}", kernel, "console=hvc0", .. words];
        string[] peerArguments = ["-accel", "tcg", "-m", $"{Megabytes}", "-kernel", bzImage, "-initrd", initrd, "-append", $"console=ttyS0 panic=1 {string.Join(' ', words)}", "-nographic", "-no-reboot"];
        List<Boot> own = [], peer = [];
        for (int round = 0; round < rounds; round++)
        {
            own.Add(Time(Workloads.Launcher, ownArguments, text));
            peer.Add(Time(Peer, peerArguments, text));
        }
        Console.WriteLine($"| {rounds} boots | wall, ms (best) | (median) | CPU, ms (best) | (median) | peak resident, MiB |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|");
        Show("lguest", own);
        Show(Peer, peer);
        Console.WriteLine($"| lguest / {Peer} | {Ratio(own, peer, boot => boot.Wall, 0):F2} | {Ratio(own, peer, boot => boot.Wall, rounds / 2):F2} "
            + $"| {Ratio(own, peer, boot => boot.Cpu, 0):F2} | {Ratio(own, peer, boot => boot.Cpu, rounds / 2):F2} | {(double)own.Max(boot => boot.PeakBytes) / peer.Max(boot => boot.PeakBytes):F2} |");
        Console.WriteLine();
        CompilationMeasurement.Show(kernel, initrd, $"console=hvc0 {string.Join(' ', words)}", text, Megabytes);
        return 0;
    }

    private static void Show(string name, List<Boot> boots)
    {
        int median = boots.Count / 2;
        Console.WriteLine($"| {name} | {Nth(boots, boot => boot.Wall, 0):F0} | {Nth(boots, boot => boot.Wall, median):F0} "
            + $"| {Nth(boots, boot => boot.Cpu, 0):F0} | {Nth(boots, boot => boot.Cpu, median):F0} | {boots.Max(boot => boot.PeakBytes) >> 20} |");
    }

    private static double Nth(List<Boot> boots, Func<Boot, TimeSpan> what, int n) => boots.Select(what).Order().ElementAt(n).TotalMilliseconds;

    private static double Ratio(List<Boot> own, List<Boot> peer, Func<Boot, TimeSpan> what, int n) => Nth(own, what, n) / Nth(peer, what, n);

    private static Boot Time(string program, string[] arguments, string text)
    {
        long start = Stopwatch.GetTimestamp();
        using Process process = Programs.Start(program, arguments);
        using Timer watchdog = new(_ => process.Kill(), null, Patience, Timeout.InfiniteTimeSpan);
        try
        {
            if (!ReadUntil(process.StandardOutput.BaseStream, Encoding.ASCII.GetBytes(text)))
                throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: no '{text}' within {Patience.TotalSeconds} s");
            TimeSpan wall = Stopwatch.GetElapsedTime(start);
            process.Refresh();
            return new Boot(wall, process.TotalProcessorTime, process.PeakWorkingSet64);
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
        }
    }

    private static bool ReadUntil(Stream output, ReadOnlySpan<byte> text)
    {
        byte[] seen = new byte[1 << 20];
        int length = 0;
        while (length < seen.Length)
        {
            int read = output.Read(seen, length, seen.Length - length);
            if (read == 0) return false;
            length += read;
            if (seen.AsSpan(0, length).IndexOf(text) >= 0) return true;
        }
        return false;
    }
}
