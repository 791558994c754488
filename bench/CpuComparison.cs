using System.Diagnostics;

namespace LguestPS.Bench;

/// <summary>The same compiled code as a guest on the emulated CPU and as a program under qemu-i386, turn about, best of several.</summary>
internal static class CpuComparison
{
    private const string Peer = "qemu-i386";

    public static int Run(int rounds)
    {
        Programs.Require(Peer);
        Workloads.Build();
        Console.WriteLine("| workload | emulated CPU, ms | MIPS | qemu-i386, ms | ratio |");
        Console.WriteLine("|---|---:|---:|---:|---:|");
        double logarithms = 0;
        for (int i = 0; i < Workloads.All.Length; i++)
        {
            (string name, int amount) = Workloads.All[i];
            (TimeSpan own, long instructions, TimeSpan peer) = Compare(i, amount, rounds);
            double ratio = peer / own;
            logarithms += Math.Log(ratio);
            Console.WriteLine($"| {name} | {own.TotalMilliseconds:F0} | {instructions / own.TotalMicroseconds:F0} | {peer.TotalMilliseconds:F0} | {ratio:F2} |");
        }
        Console.WriteLine($"| geometric mean | | | | {Math.Exp(logarithms / Workloads.All.Length):F2} |");
        return 0;
    }

    private static (TimeSpan Own, long Instructions, TimeSpan Peer) Compare(int workload, int amount, int rounds)
    {
        TimeSpan own = TimeSpan.MaxValue, peer = TimeSpan.MaxValue;
        long instructions = 0;
        string program = Path.Combine(Workloads.Folder, "workloads.linux");
        for (int round = 0; round < rounds; round++)
        {
            (string expected, TimeSpan peerTime) = Workloads.Run(Peer, program, $"{workload}", $"{amount}");
            (string result, TimeSpan ownTime, instructions) = RunGuest(workload, amount);
            if (result != expected) throw new InvalidOperationException($"workload {workload}: the emulated CPU says {result}, {Peer} {expected}");

            // Neither side pays for its start.
            peerTime -= Workloads.Run(Peer, program, $"{workload}", "0").Time;
            ownTime -= RunGuest(workload, 0).Time;
            if (ownTime < own) own = ownTime;
            if (peerTime < peer) peer = peerTime;
        }
        return (own, instructions, peer);
    }

    private static (string Result, TimeSpan Time, long Instructions) RunGuest(int workload, int amount)
    {
        using Guest guest = Guest.Create(Workloads.Guest("workloads.elf", $"{workload} {amount}"));
        long start = Stopwatch.GetTimestamp();
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "bench", Filter = EventFilter.Nothing }))
        {
        }
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        if (guest.Ending is not { Kind: EndingKind.PowerDown }) throw new InvalidOperationException($"the guest ended: {guest.Ending}");
        return (guest.ConsoleText.Trim(), time, guest.InstructionCount ?? 0);
    }
}
