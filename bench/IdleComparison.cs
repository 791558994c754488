using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace LguestPS.Bench;

/// <summary>What a Linux costs that has nothing to do: lguest and qemu's software emulation at the same time, each at its prompt.</summary>
internal static class IdleComparison
{
    private const string Peer = "qemu-system-i386";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <param name="kernel">The kernel that lguest boots.</param>
    /// <param name="bzImage">The same kernel, as qemu boots it.</param>
    /// <param name="initrd">The initial RAM disk of both.</param>
    /// <param name="text">What the guest prints when it has run out of work.</param>
    /// <param name="seconds">How long to look.</param>
    /// <param name="words">More for both kernels' command lines.</param>
    public static int Run(string kernel, string bzImage, string initrd, string text, int seconds, string[] words)
    {
        Programs.Require(Workloads.Launcher);
        Programs.Require(Peer);
        using Process own = Programs.Start(Workloads.Launcher, [$"--initrd={initrd}", "--cpu=emulated", "64", kernel, "console=hvc0", .. words]);
        using Process peer = Programs.Start(Peer, ["-accel", "tcg", "-m", "64", "-kernel", bzImage, "-initrd", initrd, "-append", $"console=ttyS0 {string.Join(' ', words)}", "-nographic", "-no-reboot"]);
        try
        {
            WaitFor(own, text);
            WaitFor(peer, text);
            LookOn(2, own, peer);       // the prompt is there before init has done all it began
            TimeSpan ownBefore = Used(own), peerBefore = Used(peer);
            long start = Stopwatch.GetTimestamp();
            LookOn(seconds, own, peer);
            double elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
            double ownShare = (Used(own) - ownBefore).TotalSeconds / elapsed, peerShare = (Used(peer) - peerBefore).TotalSeconds / elapsed;
            Console.WriteLine($"| idle for {seconds} s | % of a core |");
            Console.WriteLine("|---|---:|");
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| lguest | {ownShare:P2} |"));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {Peer} | {peerShare:P2} |"));
            return 0;
        }
        finally
        {
            own.Kill();
            peer.Kill();
        }
    }

    /// <summary>Lets time pass, in which both have to be there.</summary>
    private static void LookOn(int seconds, Process own, Process peer)
    {
        if (own.WaitForExit(TimeSpan.FromSeconds(seconds)) || peer.HasExited)
            throw new BenchException("a guest has ended that was to be idle");
    }

    /// <summary>Reads on afterwards, so that a full pipe blocks no one.</summary>
    private static void WaitFor(Process process, string text)
    {
        using Timer watchdog = new(_ => process.Kill(), null, Patience, Timeout.InfiniteTimeSpan);
        StringBuilder seen = new();
        char[] buffer = new char[4096];
        while (!seen.ToString().Contains(text, StringComparison.Ordinal))
        {
            int read = process.StandardOutput.Read(buffer);
            if (read == 0) throw new InvalidOperationException($"{process.StartInfo.FileName}: no '{text}' in: {seen}");
            seen.Append(buffer, 0, read);
        }
        _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
    }

    private static TimeSpan Used(Process process)
    {
        process.Refresh();
        return process.TotalProcessorTime;
    }
}
