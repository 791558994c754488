namespace LguestPS.Tests.Soak;

/// <summary>The program lguest with a loaded Linux, as users run it: one trouble after another, and after each the guest goes on or ends as it should.</summary>
internal sealed partial class ProgramLane : IDisposable
{
    private const int DiskMegabytes = 64, FileSystemMegabytes = 72, Hang = 300;

    // Fewer than lguest keeps free of sockets for itself; with none at all .NET itself gives up.
    private const int SpareDescriptors = 16;

    private static readonly TimeSpan Sampling = TimeSpan.FromSeconds(3);

    private readonly SoakOptions options;
    private readonly Journal journal;
    private readonly bool isLongLived;
    private readonly Random random;
    private readonly CancellationToken over;
    private readonly EchoServer echo = new();
    private readonly FaultyClock? clock;
    private readonly MemoryPressure? pressure;
    private readonly bool mounted;
    private readonly string disks;

    private ProcessUnderTest? guest;
    private LoadLedger ledger;
    private Growth growth = new();
    private DateTime sampled;
    private uint promised;

    /// <param name="name">How the journal calls it.</param>
    /// <param name="isLongLived">Whether one process is to last from the start to the end of the soak; otherwise each ends after minutes, in some way.</param>
    /// <param name="options">What the soak was asked for.</param>
    /// <param name="journal">Where faults and finds are told.</param>
    /// <param name="seed">Of the faults.</param>
    /// <param name="over">The end of the soak.</param>
    public ProgramLane(string name, bool isLongLived, SoakOptions options, Journal journal, int seed, CancellationToken over)
    {
        (Name, this.isLongLived, this.options, this.journal, this.over) = (name, isLongLived, options, journal, over);
        random = new Random(seed);
        ledger = new LoadLedger(journal, Name);
        disks = Directory.CreateDirectory(Path.Combine(options.Work, $"{name}-disks")).FullName;
        mounted = HostSystem.IsRoot && HostSystem.Try("mount", "-t", "tmpfs", "-o", $"size={FileSystemMegabytes}m", "lguest-soak", disks);
        clock = FaultyClock.TryMake(Path.Combine(options.Work, $"{name}-clock"));
        pressure = MemoryPressure.TryMake($"lguest-soak-{Environment.ProcessId}-{name}");
        if (!mounted) journal.Note(Name, "not here: a small file system of its own, so it is never full (root may mount one)");
        if (clock is null) journal.Note(Name, "not here: libfaketime, so the host's clock never jumps (Debian: faketime)");
        if (pressure is null) journal.Note(Name, "not here: a memory control group of its own, so memory is never short (root, cgroup v1 or v2)");
    }

    public string Name { get; }

    private string Image => Path.Combine(disks, "disk.img");

    public void Run()
    {
        while (!over.IsCancellationRequested)
        {
            FreshDisk();
            // One disk for a few lives of its guest.
            for (int lives = random.Next(2, 6); lives > 0 && !over.IsCancellationRequested; lives--)
                if (!Live()) break;
        }
        journal.Note(Name, "done");
    }

    public void Dispose()
    {
        guest?.Dispose();
        echo.Dispose();
        pressure?.Dispose();
        if (mounted) HostSystem.Try("umount", disks);
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
        ledger = new LoadLedger(journal, Name);
        growth = new Growth();
        clock?.Set(0);
        guest = new ProcessUnderTest(
            Path.Combine(AppContext.BaseDirectory, "lguest"),
            [
                $"--block={Image}", "--usernet", $"--reach=7777=127.0.0.1:{echo.Port}", $"--reach=udp:7777=127.0.0.1:{echo.Port}", $"--initrd={options.LoadedInitrd}", "64", options.Kernel!, "console=hvc0", "quiet",
            ],
            clock?.Environment ?? new Dictionary<string, string>(), line => ledger.Take(line));
        journal.Count("processes: lguest");
        pressure?.Add(guest.Id);
        try
        {
            if (!Until("the load begins", () => ledger.Begun is not null && ledger.Acknowledged > 0)) return false;
            (uint newest, _, _, uint errors) = ledger.Begun!.Value;
            if (newest < promised || errors > 0) journal.Break(Name, $"the guest found record {newest} on its disk, with {errors} errors, after record {promised} was acknowledged");

            TimeSpan life = TimeSpan.FromSeconds(random.NextDouble() < 0.3 ? random.Next(600, 1200) : random.Next(60, 300));
            DateTime end = isLongLived ? DateTime.MaxValue : DateTime.UtcNow + life;
            while (DateTime.UtcNow < end && !over.IsCancellationRequested)
            {
                if (!LoadFor(TimeSpan.FromSeconds(2 + random.NextDouble() * 8))) return AfterDeath("by itself", null);
                Action[] faults = [.. Faults()];
                faults[random.Next(faults.Length)]();
                if (guest.HasExited) return AfterDeath("in a fault it should survive", null);
                if (!Recovers()) return false;
            }
            return Finish();
        }
        finally
        {
            promised = Math.Max(promised, ledger.Acknowledged);
            if (growth.IsEnough)
            {
                (string text, bool flat) = growth.Judge(mostMemoryKib: 24 << 10);
                journal.Verdict(Name, text);
                journal.Count("growth: processes judged");
                if (!flat) journal.Break(Name, $"the process of lguest grows: {text}");
            }
            CheckErrors();
            guest.Dispose();
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
        if (mounted) yield return FileSystemFull;
        if (clock is not null) yield return ClockJumps;
        if (pressure is not null) yield return MemoryShort;
    }

    private void Stopped()
    {
        double seconds = random.NextDouble() < 0.2 ? random.Next(5, 25) : random.NextDouble() * 3;
        Inflict("SIGSTOP and SIGCONT", $"stopped for {seconds:F2} s");
        guest!.Signal(HostSystem.SigStop);
        Rest(seconds);
        guest.Signal(HostSystem.SigCont);
    }

    private void PeerResets()
    {
        Inflict("network peer resets", $"{echo.Connections} connections");
        if (random.Next(2) == 0) echo.Reset();
        else echo.Drop();
    }

    private void PeerHangs()
    {
        double seconds = random.NextDouble() * 20;
        Inflict("network peer hangs", $"for {seconds:F1} s");
        echo.Hang();
        LoadFor(TimeSpan.FromSeconds(seconds));
        echo.Recover();
    }

    private void PeerLeaves()
    {
        double seconds = random.NextDouble() * 5;
        Inflict("network peer gone", $"for {seconds:F1} s");
        echo.Leave();
        LoadFor(TimeSpan.FromSeconds(seconds));
        echo.Recover();
    }

    private void ReaderStops()
    {
        double seconds = random.NextDouble() * 6;
        Inflict("standard output not read", $"for {seconds:F1} s");
        guest!.StopReading();
        Rest(seconds);
        guest.ReadOn();
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
        ulong bytes = (ulong)random.Next(1, DiskMegabytes) << 20;
        Inflict("file size limited", $"to {bytes >> 20} MiB");
        long before = ledger.DiskErrors;
        HostSystem.LimitFileSize(guest!.Id, bytes);
        LoadFor(TimeSpan.FromSeconds(3));
        HostSystem.LimitFileSize(guest.Id, null);
        if (ledger.DiskErrors > before) ExpectComplaint("File too large");
    }

    private void DescriptorsLimited()
    {
        if (HostSystem.Sample(guest!.Id) is not { } sample) return;
        Inflict("few descriptors left", "new connections are refused");
        HostSystem.LimitDescriptors(guest.Id, (ulong)sample.Descriptors + SpareDescriptors);
        echo.Reset();
        LoadFor(TimeSpan.FromSeconds(3));
        HostSystem.LimitDescriptors(guest.Id, null);
    }

    private void FileSystemFull()
    {
        string ballast = Path.Combine(disks, "ballast");
        long before = ledger.DiskErrors;
        try
        {
            using FileStream file = File.Create(ballast, 1);
            byte[] block = new byte[4096];
            for (;;) file.Write(block);
        }
        catch (IOException)
        {
            // Now it is full.
        }
        Inflict("file system full", $"{new FileInfo(ballast).Length >> 10} KiB of ballast");
        LoadFor(TimeSpan.FromSeconds(3));
        File.Delete(ballast);
        if (ledger.DiskErrors > before) ExpectComplaint("No space left on device");
    }

    private void ClockJumps()
    {
        int seconds = random.Next(-200_000, 200_000);
        Inflict("host's clock jumps", $"by {seconds} s, and back");
        clock!.Set(seconds);
        LoadFor(TimeSpan.FromSeconds(4));
        if (random.Next(2) == 0) clock.Set(0);
    }

    private void MemoryShort()
    {
        if (HostSystem.Sample(guest!.Id) is not { } sample) return;
        Inflict("memory short", $"limited to what it has, {sample.MemoryKib >> 10} MiB");
        pressure!.Squeeze(guest.Id, sample.MemoryKib);
        LoadFor(TimeSpan.FromSeconds(4));
        pressure.Release();
        if (guest.HasExited) journal.Count("memory short: ended by the kernel");
    }

    private void ExpectDiskErrors(string words)
    {
        long before = ledger.DiskErrors;
        if (Until("the disk fails", () => ledger.DiskErrors > before)) ExpectComplaint(words);
    }

    private void ExpectComplaint(string words)
    {
        if (!Until($"the complaint '{words}'", () => guest!.Errors.Any(text => text.Contains(words, StringComparison.Ordinal)))) journal.Break(Name, $"nobody was told that it '{words}'");
    }

    /// <summary>After a trouble: all that the load does goes on.</summary>
    private bool Recovers()
    {
        uint records = ledger.Acknowledged, rounds = ledger.Rounds;
        long lines = ledger.Lines;
        return Until("the disk goes on", () => ledger.Acknowledged > records + 8)
            && Until("the network goes on", () => ledger.Rounds > rounds)
            && Until("every question is answered", () => ledger.Waiting == 0 && ledger.Lines > lines);
    }

    private bool Until(string what, Func<bool> reached)
    {
        DateTime limit = DateTime.UtcNow.AddSeconds(Hang);
        while (!reached())
        {
            if (guest!.HasExited)
            {
                if (reached()) return true;
                AfterDeath($"while waiting until {what}", null);
                return false;
            }
            if (DateTime.UtcNow > limit)
            {
                journal.Break(Name, $"{what}: not within {Hang} s (record {ledger.Acknowledged}, round {ledger.Rounds}, {ledger.Waiting} questions wait); {string.Join(" | ", guest.Errors.TakeLast(4))}");
                return false;
            }
            Rest(0.05);
        }
        return true;
    }

    /// <summary>Types at random for a while, and samples.</summary>
    /// <returns>False if the process has ended.</returns>
    private bool LoadFor(TimeSpan span)
    {
        DateTime end = DateTime.UtcNow + span;
        while (DateTime.UtcNow < end && !guest!.HasExited)
        {
            if (ledger.Waiting < 4) guest.Type(ledger.Ask(random));
            Rest(0.1);
        }
        return !guest!.HasExited;
    }

    private void Rest(double seconds)
    {
        DateTime end = DateTime.UtcNow.AddSeconds(seconds);
        do
        {
            Thread.Sleep(Math.Clamp((int)(end - DateTime.UtcNow).TotalMilliseconds, 1, 100));
            if (DateTime.UtcNow - sampled < Sampling || guest is null || ledger.Acknowledged == 0 || HostSystem.Sample(guest.Id) is not { } sample) continue;
            sampled = DateTime.UtcNow;
            growth.Add(journal.Elapsed, sample);
        }
        while (DateTime.UtcNow < end);
    }

    private void Inflict(string fault, string how)
    {
        journal.Count($"faults: {fault}");
        journal.Note(Name, how.Length > 0 ? $"{fault}: {how}" : fault);
    }

    /// <summary>Everything it said is a sentence of its own.</summary>
    private void CheckErrors()
    {
        foreach (string text in guest!.Errors.Where(text => !text.StartsWith("lguest: ", StringComparison.Ordinal)).Take(3)) journal.Break(Name, $"lguest said: {text}");
    }
}
