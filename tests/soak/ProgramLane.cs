namespace LguestPS.Tests.Soak;

/// <summary>The program lguest with a loaded Linux, as users run it: one trouble after another, and after each the guest goes on or ends as it should.</summary>
internal sealed partial class ProgramLane : Lane
{
    private const int DiskMegabytes = 64, FileSystemMegabytes = 72;

    // Fewer than lguest keeps free of sockets for itself; with none at all .NET itself gives up.
    private const int SpareDescriptors = 16;

    private readonly SoakOptions options;
    private readonly bool isLongLived;
    private readonly FaultyClock? clock;
    private readonly MemoryPressure? pressure;
    private readonly string disks;

    private uint promised;

    /// <param name="name">How the journal calls it.</param>
    /// <param name="isLongLived">Whether one process is to last from the start to the end of the soak; otherwise each ends after minutes, in some way.</param>
    /// <param name="options">What the soak was asked for.</param>
    /// <param name="journal">Where faults and finds are told.</param>
    /// <param name="seed">Of the faults.</param>
    /// <param name="over">The end of the soak.</param>
    public ProgramLane(string name, bool isLongLived, SoakOptions options, Journal journal, int seed, CancellationToken over)
        : base(name, Disks(options, name), FileSystemMegabytes, journal, seed, over)
    {
        (this.isLongLived, this.options, disks) = (isLongLived, options, Disks(options, name));
        clock = FaultyClock.TryMake(Path.Combine(options.Work, $"{name}-clock"));
        pressure = MemoryPressure.TryMake($"lguest-soak-{Environment.ProcessId}-{name}");
        if (clock is null) Journal.Note(Name, "not here: libfaketime, so the host's clock never jumps (Debian: faketime)");
        if (pressure is null) Journal.Note(Name, "not here: a memory control group of its own, so memory is never short (root, cgroup v1 or v2)");
    }

    private static string Disks(SoakOptions options, string name) => Path.Combine(options.Work, $"{name}-disks");

    private string Image => Path.Combine(disks, "disk.img");

    public void Run()
    {
        while (!Over.IsCancellationRequested)
        {
            FreshDisk();
            // One disk for a few lives of its Process.
            for (int lives = Random.Next(2, 6); lives > 0 && !Over.IsCancellationRequested; lives--)
                if (!Live()) break;
        }
        Journal.Note(Name, "done");
    }

    public override void Dispose()
    {
        base.Dispose();
        pressure?.Dispose();
    }

    private void FreshDisk()
    {
        foreach (string file in Directory.GetFiles(disks)) File.Delete(file);
        using (FileStream file = File.Create(Image)) file.SetLength(DiskMegabytes << 20);
        promised = 0;
    }

    /// <summary>One process from its start to its end.</summary>
    /// <returns>False if its disk is of no more use.</returns>
    private bool Live()
    {
        Begin();
        clock?.Set(0);
        Start(new ProcessUnderTest(
            Path.Combine(AppContext.BaseDirectory, "lguest"),
            [
                $"--block={Image}", "--usernet", $"--reach=7777=127.0.0.1:{Echo.Port}", $"--reach=udp:7777=127.0.0.1:{Echo.Port}", $"--initrd={options.LoadedInitrd}", "64", options.Kernel!, "console=hvc0", "quiet",
            ],
            clock?.Environment ?? new Dictionary<string, string>(), line => Ledger.Take(line)));
        Journal.Count("processes: lguest");
        pressure?.Add(Process.Id);
        try
        {
            if (!Until("the load begins", () => Ledger.Begun is not null && Ledger.Acknowledged > 0)) return false;
            (uint newest, _, _, uint errors) = Ledger.Begun!.Value;
            if (newest < promised || errors > 0) Journal.Break(Name, $"the guest found record {newest} on its disk, with {errors} errors, after record {promised} was acknowledged");

            TimeSpan life = TimeSpan.FromSeconds(Random.NextDouble() < 0.3 ? Random.Next(600, 1200) : Random.Next(60, 300));
            DateTime end = isLongLived ? DateTime.MaxValue : DateTime.UtcNow + life;
            while (DateTime.UtcNow < end && !Over.IsCancellationRequested)
            {
                if (!LoadFor(TimeSpan.FromSeconds(2 + Random.NextDouble() * 8))) return AfterDeath("by itself", null);
                Action[] faults = [.. Faults()];
                faults[Random.Next(faults.Length)]();
                if (Process.HasExited) return AfterDeath("in a fault it should survive", null);
                if (!Recovers()) return false;
            }
            return Finish();
        }
        finally
        {
            promised = Math.Max(promised, Ledger.Acknowledged);
            JudgeGrowth(24 << 10);
            CheckErrors();
            Process.Dispose();
        }
    }

    private IEnumerable<Action> Faults()
    {
        yield return Stopped;
        yield return PeerResets;
        yield return PeerHangs;
        yield return PeerLeaves;
        yield return ReaderStops;
        yield return ImageRemoved;
        yield return ImageReplaced;
        yield return FileSizeLimited;
        yield return DescriptorsLimited;
        if (IsMounted) yield return FileSystemFull;
        if (clock is not null) yield return ClockJumps;
        if (pressure is not null) yield return MemoryShort;
    }

    private void Stopped() => Stop(Random.NextDouble() < 0.2 ? Random.Next(5, 25) : Random.NextDouble() * 3);

    private void PeerResets()
    {
        Inflict("network peer resets", $"{Echo.Connections} connections");
        if (Random.Next(2) == 0) Echo.Reset();
        else Echo.Drop();
    }

    private void PeerHangs()
    {
        double seconds = Random.NextDouble() * 20;
        Inflict("network peer hangs", $"for {seconds:F1} s");
        Echo.Hang();
        LoadFor(TimeSpan.FromSeconds(seconds));
        Echo.Recover();
    }

    private void PeerLeaves()
    {
        double seconds = Random.NextDouble() * 5;
        Inflict("network peer gone", $"for {seconds:F1} s");
        Echo.Leave();
        LoadFor(TimeSpan.FromSeconds(seconds));
        Echo.Recover();
    }

    private void ReaderStops()
    {
        double seconds = Random.NextDouble() * 6;
        Inflict("standard output not read", $"for {seconds:F1} s");
        Process.StopReading();
        Pass(TimeSpan.FromSeconds(seconds));
        Process.ReadOn();
    }

    private void ImageRemoved()
    {
        Inflict("image removed", "and put back");
        string kept = Path.Combine(disks, "kept");
        HostSystem.Link(Image, kept);
        File.Delete(Image);
        ExpectDiskErrors("was removed or replaced while in use");
        HostSystem.Link(kept, Image);
        File.Delete(kept);
    }

    private void ImageReplaced()
    {
        Inflict("image replaced", "and put back");
        string kept = Path.Combine(disks, "kept"), other = Path.Combine(disks, "other");
        File.WriteAllBytes(other, new byte[4096]);
        HostSystem.Link(Image, kept);
        File.Move(other, Image, overwrite: true);
        ExpectDiskErrors("was removed or replaced while in use");
        File.Move(kept, Image, overwrite: true);
    }

    private void FileSizeLimited()
    {
        ulong bytes = (ulong)Random.Next(1, DiskMegabytes) << 20;
        Inflict("file size limited", $"to {bytes >> 20} MiB");
        long before = Ledger.DiskErrors;
        HostSystem.LimitFileSize(Process.Id, bytes);
        LoadFor(TimeSpan.FromSeconds(3));
        HostSystem.LimitFileSize(Process.Id, null);
        if (Ledger.DiskErrors > before) ExpectComplaint("File too large");
    }

    private void DescriptorsLimited()
    {
        if (HostSystem.Sample(Process.Id) is not { } sample) return;
        Inflict("few descriptors left", "new connections are refused");
        HostSystem.LimitDescriptors(Process.Id, (ulong)sample.Descriptors + SpareDescriptors);
        Echo.Reset();
        LoadFor(TimeSpan.FromSeconds(3));
        HostSystem.LimitDescriptors(Process.Id, null);
    }

    private void FileSystemFull()
    {
        long before = Ledger.DiskErrors;
        string ballast = Fill();
        Inflict("file system full", $"{new FileInfo(ballast).Length >> 10} KiB of ballast");
        LoadFor(TimeSpan.FromSeconds(3));
        File.Delete(ballast);
        if (Ledger.DiskErrors > before) ExpectComplaint("No space left on device");
    }

    private void ClockJumps()
    {
        int seconds = Random.Next(-200_000, 200_000);
        Inflict("host's clock jumps", $"by {seconds} s, and back");
        clock!.Set(seconds);
        LoadFor(TimeSpan.FromSeconds(4));
        if (Random.Next(2) == 0) clock.Set(0);
    }

    private void MemoryShort()
    {
        if (HostSystem.Sample(Process.Id) is not { } sample) return;
        Inflict("memory short", $"limited to what it has, {sample.MemoryKib >> 10} MiB");
        pressure!.Squeeze(Process.Id, sample.MemoryKib);
        LoadFor(TimeSpan.FromSeconds(4));
        pressure.Release();
        if (Process.HasExited) Journal.Count("memory short: ended by the kernel");
    }

    private void ExpectDiskErrors(string words)
    {
        long before = Ledger.DiskErrors;
        if (Until("the disk fails", () => Ledger.DiskErrors > before)) ExpectComplaint(words);
    }

    private void ExpectComplaint(string words)
    {
        if (!Until($"the complaint '{words}'", () => Process.Errors.Any(text => text.Contains(words, StringComparison.Ordinal)))) Journal.Break(Name, $"nobody was told that it '{words}'");
    }

    /// <summary>After a trouble: all that the load does goes on.</summary>
    private bool Recovers()
    {
        uint records = Ledger.Acknowledged, rounds = Ledger.Rounds;
        long lines = Ledger.Lines;
        return Until("the disk goes on", () => Ledger.Acknowledged > records + 8)
            && Until("the network goes on", () => Ledger.Rounds > rounds)
            && Until("every question is answered", () => Ledger.Waiting == 0 && Ledger.Lines > lines);
    }

    protected override void EndedWhileWaiting(string what) => AfterDeath($"while waiting until {what}", null);

    /// <summary>Everything it said is a sentence of its own.</summary>
    private void CheckErrors()
    {
        foreach (string text in Process.Errors.Where(text => !text.StartsWith("lguest: ", StringComparison.Ordinal)).Take(3)) Journal.Break(Name, $"lguest said: {text}");
    }
}
