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

    /// <summary>The last fault of a life ends it, in one way or another.</summary>
    private bool Finish()
    {
        switch (random.Next(7))
        {
            case 0:
                Inflict("guest switched off", "");
                guest!.Type("Q\n");
                return AfterDeath("after the guest switched itself off", 0);
            case 1:
                Inflict("SIGTERM", "");
                guest!.Signal(HostSystem.SigTerm);
                return AfterDeath("after SIGTERM", 3);
            case 2:
                Inflict("SIGHUP", "");
                guest!.Signal(HostSystem.SigHup);
                return AfterDeath("after SIGHUP", 3);
            case 3:
                Inflict("standard output closed", "");
                guest!.CloseOutput();
                return AfterDeath("after its output was closed", 3);
            case 4:
                Inflict("image cut off", "");
                long half = DiskMegabytes << 19;
                HostSystem.CutOff(Image, half);
                ExpectDiskErrors("has become shorter while in use");
                if (new FileInfo(Image).Length != half) journal.Break(Name, "an image that was cut off grew again");
                guest!.Type("Q\n");
                AfterDeath("after its image was cut off", 0, verify: false);
                return false;
            default:
                Inflict("kill -9", $"at record {ledger.Acknowledged}");
                guest!.Signal(HostSystem.SigKill);
                return AfterDeath("after kill -9", 137);
        }
    }

    /// <summary>Looks at what a process left: its status, and all that it had promised.</summary>
    private bool AfterDeath(string when, int? expected, bool verify = true)
    {
        if (!guest!.WaitForExit(TimeSpan.FromSeconds(Hang)))
        {
            journal.Break(Name, $"lguest has not ended {Hang} s {when}");
            return false;
        }
        int status = guest.Status;
        journal.Note(Name, $"ended with status {status} {when}; {ledger.Acknowledged} records acknowledged");
        bool killed = status == 137 && when.Contains("fault", StringComparison.Ordinal) && pressure?.HasKilled() == true;
        if (!killed && status != expected) journal.Break(Name, $"lguest ended with status {status} {when}, not {expected?.ToString() ?? "at all"}: {string.Join(" | ", guest.Errors.TakeLast(8))}");
        if (!verify) return false;
        IReadOnlyList<string> lost = DiskRecords.FindLost(Image, Math.Max(promised, ledger.Acknowledged), out int looked);
        journal.Count("records verified in the image", looked);
        foreach (string one in lost.Take(5)) journal.Break(Name, $"{when}: {one}");
        if (lost.Count > 5) journal.Break(Name, $"{when}: {lost.Count} records in all");
        string[] left = [.. Directory.GetFiles(disks).Where(file => file != Image)];
        if (left.Length > 0) journal.Break(Name, $"left over: {string.Join(", ", left)}");
        return lost.Count == 0;
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
