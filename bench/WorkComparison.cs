using System.Text;

namespace LguestPS.Bench;

/// <summary>The same programs on the same Linux, paravirtual in lguest and native in qemu's software emulation, turn about: bench/workloads/work.sh, between its marker lines.</summary>
internal static class WorkComparison
{
    private const string Peer = "qemu-system-i386";
    private const int Megabytes = 64;

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
        string[] own = [$"--initrd={disk}", "--cpu=emulated", $"{Megabytes}", kernel, "console=hvc0", "rdinit=/bench/init", .. words];
        string[] peer = ["-accel", "tcg", "-m", $"{Megabytes}", "-kernel", bzImage, "-initrd", disk, "-append", $"console=ttyS0 rdinit=/bench/init {string.Join(' ', words)}", "-nographic", "-no-reboot"];
        long peak = MarkedRun.Compare(own, Peer, peer, rounds);
        long without = MarkedRun.Of(Workloads.Launcher, ["--compile=off", .. own]).PeakBytes;
        Console.WriteLine($"Resident at most: {peak >> 20} MiB, {without >> 20} MiB with --compile=off.");
        CompilationMeasurement.Show(kernel, disk, $"console=hvc0 rdinit=/bench/init {string.Join(' ', words)}", "work: done");
        return 0;
    }

    /// <summary>The RAM disk with our own programs and five megabytes of text.</summary>
    private static void Pack(string initrd, string to)
    {
        var disk = new Initramfs();
        disk.AddFolder("bench");
        disk.AddProgram("bench/init", File.ReadAllBytes(Path.Combine(Workloads.Folder, "work.sh")));
        disk.AddProgram("bench/marks", File.ReadAllBytes(Path.Combine(Workloads.Folder, "marks.sh")));
        disk.AddProgram("bench/workloads", File.ReadAllBytes(Path.Combine(Workloads.Folder, "workloads.linux")));
        disk.AddProgram("bench/text", Text(5_000_000));
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
}
