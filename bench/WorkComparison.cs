using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace LguestPS.Bench;

/// <summary>The same programs on the same Linux, paravirtual in lguest and native in qemu's software emulation, turn about: bench/workloads/work.sh, between its marker lines.</summary>
internal static class WorkComparison
{
    private const string Peer = "qemu-system-i386";
    private const int Megabytes = 64;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Of one program: time by the clock and by the processor, and what the program printed.</summary>
    private sealed record Piece(string Name, TimeSpan Wall, TimeSpan Cpu)
    {
        public string Found { get; set; } = "";
    }

    /// <param name="kernel">The kernel that lguest boots.</param>
    /// <param name="bzImage">The same kernel, as qemu boots it.</param>
    /// <param name="initrd">An initial RAM disk with the usual programs, such as busybox's.</param>
    /// <param name="rounds">How often each boots.</param>
    /// <param name="words">More for both kernels' command lines.</param>
    public static int Run(string kernel, string bzImage, string initrd, int rounds, string[] words)
    {
        Programs.Require(Workloads.Launcher);
        Programs.Require(Peer);
        Workloads.Build();
        string disk = Path.Combine(Path.GetTempPath(), $"lguest-work-{Environment.ProcessId}.cpio");
        try
        {
            Pack(initrd, disk);
            return Compare(kernel, bzImage, disk, rounds, words);
        }
        finally
        {
            File.Delete(disk);
        }
    }

    private static int Compare(string kernel, string bzImage, string disk, int rounds, string[] words)
    {
        string[] own = [$"--initrd={disk}", "--cpu=emulated", $"{Megabytes}", kernel, "console=hvc0", "rdinit=/work/init", .. words];
        string[] peer = ["-accel", "tcg", "-m", $"{Megabytes}", "-kernel", bzImage, "-initrd", disk, "-append", $"console=ttyS0 rdinit=/work/init {string.Join(' ', words)}", "-nographic", "-no-reboot"];
        List<List<Piece>> ownRuns = [], peerRuns = [];
        long peak = 0;
        for (int round = 0; round < rounds; round++)
        {
            (List<Piece> pieces, long bytes) = Time(Workloads.Launcher, own);
            ownRuns.Add(pieces);
            peak = Math.Max(peak, bytes);
            peerRuns.Add(Time(Peer, peer).Pieces);
        }

        (_, long without) = Time(Workloads.Launcher, ["--compile=off", .. own]);
        Console.WriteLine($"| best of {rounds} | lguest, ms | {Peer}, ms | lguest / {Peer} | by processor time |");
        Console.WriteLine("|---|---:|---:|---:|---:|");
        double logarithms = 0, byCpu = 0;
        int count = ownRuns[0].Count;
        for (int i = 0; i < count; i++)
        {
            string name = ownRuns[0][i].Name;
            if (ownRuns[0][i].Found != peerRuns[0][i].Found) throw new BenchException($"{name}: the program found {ownRuns[0][i].Found} in lguest and {peerRuns[0][i].Found} in {Peer}");
            TimeSpan ownTime = Best(ownRuns, i, piece => piece.Wall), peerTime = Best(peerRuns, i, piece => piece.Wall);
            double ratio = ownTime / peerTime, cpu = Best(ownRuns, i, piece => piece.Cpu) / Best(peerRuns, i, piece => piece.Cpu);
            logarithms += Math.Log(ratio);
            byCpu += Math.Log(cpu);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {ownTime.TotalMilliseconds:F0} | {peerTime.TotalMilliseconds:F0} | {ratio:F2} | {cpu:F2} |"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| geometric mean | | | {Math.Exp(logarithms / count):F2} | {Math.Exp(byCpu / count):F2} |"));
        Console.WriteLine();
        Console.WriteLine($"Resident at most: {peak >> 20} MiB, {without >> 20} MiB with --compile=off.");
        CompilationMeasurement.Show(kernel, disk, $"console=hvc0 rdinit=/work/init {string.Join(' ', words)}", "work: done");
        return 0;
    }

    private static TimeSpan Best(List<List<Piece>> runs, int index, Func<Piece, TimeSpan> time) => runs.Min(run => time(run[index]));

    /// <summary>The RAM disk with our own programs and five megabytes of text.</summary>
    private static void Pack(string initrd, string to)
    {
        var disk = new Initramfs();
        disk.AddFolder("work");
        disk.AddProgram("work/init", File.ReadAllBytes(Path.Combine(Workloads.Folder, "work.sh")));
        disk.AddProgram("work/workloads", File.ReadAllBytes(Path.Combine(Workloads.Folder, "workloads.linux")));
        disk.AddProgram("work/text", Text(5_000_000));
        disk.WriteBehind(initrd, to);
    }

    /// <summary>Lines of words, some of which are frequent, and a number: always the same.</summary>
    private static byte[] Text(int bytes)
    {
        const int Words = 3000, Line = 9;
        var random = new Random(2007);
        string[] words = [.. Enumerable.Range(0, Words).Select(_ => Word(random))];
        var text = new StringBuilder(bytes + 200);
        while (text.Length < bytes)
        {
            for (int i = 0; i < Line; i++) text.Append(words[(int)(Words * Math.Pow(random.NextDouble(), 3))]).Append(' ');
            text.Append(random.Next(100_000)).Append('\n');
        }

        return Encoding.ASCII.GetBytes(text.ToString(0, bytes));
    }

    private static string Word(Random random) => string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ => $"{"bcdfghklmnprst"[random.Next(14)]}{"aeiou"[random.Next(5)]}"));

    private static (List<Piece> Pieces, long PeakBytes) Time(string program, string[] arguments)
    {
        using Process process = Programs.Start(program, arguments);
        using Timer watchdog = new(_ => process.Kill(), null, Patience, Timeout.InfiniteTimeSpan);
        List<Piece> pieces = [];
        string last = "nothing";
        (long At, TimeSpan Cpu) begin = default;
        try
        {
            while (process.StandardOutput.ReadLine() is { } line)
            {
                long now = Stopwatch.GetTimestamp();
                line = line.TrimEnd();
                if (line.Length > 0) last = line;
                if (line.StartsWith("work: begin ", StringComparison.Ordinal)) begin = (now, Cpu(process));
                else if (line.StartsWith("work: end ", StringComparison.Ordinal)) pieces.Add(new Piece(line[10..], Stopwatch.GetElapsedTime(begin.At, now), Cpu(process) - begin.Cpu));
                else if (line.StartsWith("work: found ", StringComparison.Ordinal)) pieces[^1].Found = line;
                else if (line == "work: done") return (pieces, process.PeakWorkingSet64);
            }

            throw new BenchException($"{program} {string.Join(' ', arguments)}: the programs did not come to their end within {Patience.TotalMinutes} minutes; its last line is: {last}. "
                + "The initial RAM disk must have a shell as /bin/sh and the usual programs (Debian: busybox-static:i386)");
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
        }
    }

    private static TimeSpan Cpu(Process process)
    {
        process.Refresh();
        return process.TotalProcessorTime;
    }
}
