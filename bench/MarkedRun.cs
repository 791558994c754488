using System.Diagnostics;
using System.Globalization;

namespace LguestPS.Bench;

/// <summary>A boot of a Linux whose first process runs programs between marker lines, in lguest or in a peer.</summary>
/// <param name="Pieces">The programs, in order.</param>
/// <param name="PeakBytes">The most memory that was resident.</param>
internal sealed record MarkedRun(IReadOnlyList<MarkedRun.Piece> Pieces, long PeakBytes)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Of one program: time by the clock and by the processor, and what the program printed.</summary>
    internal sealed record Piece(string Name, TimeSpan Wall, TimeSpan Cpu)
    {
        public string Found { get; set; } = "";
    }

    /// <summary>Boots in lguest and in a peer, turn about, and writes a table of the best times.</summary>
    /// <param name="own">The arguments of lguest.</param>
    /// <param name="peer">The peer.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="rounds">How often each boots.</param>
    /// <returns>The most bytes that were resident for lguest.</returns>
    /// <exception cref="BenchException">Programs did not come to their end, or found different things in the two.</exception>
    public static long Compare(string[] own, string peer, string[] arguments, int rounds)
    {
        List<MarkedRun> ownRuns = [], peerRuns = [];
        for (int round = 0; round < rounds; round++)
        {
            ownRuns.Add(Of(Workloads.Launcher, own));
            peerRuns.Add(Of(peer, arguments));
        }

        Console.WriteLine($"| best of {rounds} | lguest, ms | {peer}, ms | lguest / {peer} | by processor time |");
        Console.WriteLine("|---|---:|---:|---:|---:|");
        double logarithms = 0, byCpu = 0;
        int count = ownRuns[0].Pieces.Count;
        for (int i = 0; i < count; i++)
        {
            Piece first = ownRuns[0].Pieces[i];
            if (first.Found != peerRuns[0].Pieces[i].Found) throw new BenchException($"{first.Name}: the program found {first.Found} in lguest and {peerRuns[0].Pieces[i].Found} in {peer}");
            TimeSpan ownTime = Best(ownRuns, i, piece => piece.Wall), peerTime = Best(peerRuns, i, piece => piece.Wall);
            double ratio = ownTime / peerTime, cpu = Best(ownRuns, i, piece => piece.Cpu) / Best(peerRuns, i, piece => piece.Cpu);
            logarithms += Math.Log(ratio);
            byCpu += Math.Log(cpu);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {first.Name} | {ownTime.TotalMilliseconds:F0} | {peerTime.TotalMilliseconds:F0} | {ratio:F2} | {cpu:F2} |"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| geometric mean | | | {Math.Exp(logarithms / count):F2} | {Math.Exp(byCpu / count):F2} |"));
        Console.WriteLine();
        return ownRuns.Max(run => run.PeakBytes);
    }

    /// <summary>Boots once, up to the end of its programs.</summary>
    /// <exception cref="BenchException">They did not come to their end.</exception>
    public static MarkedRun Of(string program, string[] arguments)
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
                else if (line == "work: done") return new MarkedRun(pieces, process.PeakWorkingSet64);
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

    private static TimeSpan Best(List<MarkedRun> runs, int index, Func<Piece, TimeSpan> time) => runs.Min(run => time(run.Pieces[index]));
}
