namespace LguestPS.Tests.Soak;

/// <summary>A worker that takes, saves and restores checkpoints of a loaded Linux, and is killed: what it had saved is whole and goes on.</summary>
internal sealed class CheckpointLane : IDisposable
{
    public const string Name = "checkpoints";
    private const int Hang = 300, FileSystemMegabytes = 96;

    private readonly SoakOptions options;
    private readonly Journal journal;
    private readonly Random random;
    private readonly CancellationToken over;
    private readonly EchoServer echo = new();
    private readonly bool mounted;
    private readonly string folder, image;
    private readonly Lock gate = new();

    private ProcessUnderTest? worker;
    private LoadLedger ledger;
    private Growth growth = new();
    private long saved = -1, refusals, saves, restored = -1;
    private bool isSaving;

    public CheckpointLane(SoakOptions options, Journal journal, int seed, CancellationToken over)
    {
        (this.options, this.journal, this.over) = (options, journal, over);
        random = new Random(seed);
        ledger = new LoadLedger(journal, Name);
        folder = Directory.CreateDirectory(Path.Combine(options.Work, "checkpoints")).FullName;
        mounted = HostSystem.IsRoot && HostSystem.Try("mount", "-t", "tmpfs", "-o", $"size={FileSystemMegabytes}m", "lguest-soak", folder);
        image = Path.Combine(options.Work, "snapshot.img");
        using FileStream file = File.Create(image);
        file.SetLength(4 << 20);
    }

    private string CheckpointPath => Path.Combine(folder, "guest.lguest");

    public void Run()
    {
        while (!over.IsCancellationRequested) Live();
        journal.Note(Name, "done");
    }

    public void Dispose()
    {
        worker?.Dispose();
        echo.Dispose();
        if (mounted) HostSystem.Try("umount", folder);
    }

    private void Live()
    {
        long announced;
        lock (gate)
        {
            announced = saved;
            restored = -1;
            isSaving = false;
        }
        bool revived = File.Exists(CheckpointPath);
        if (announced >= 0 && !revived) journal.Break(Name, "the checkpoint file that was saved is gone");
        ledger = new LoadLedger(journal, Name);
        growth = new Growth();
        worker = new ProcessUnderTest(
            Environment.ProcessPath!,
            ["worker-checkpoints", "--kernel", options.Kernel!, "--initrd", options.LoadedInitrd, "--image", image, "--port", $"{echo.Port}", "--file", CheckpointPath, "--seed", $"{random.Next()}"],
            new Dictionary<string, string>(), Take);
        journal.Count("processes: workers of checkpoints");
        try
        {
            if (revived)
            {
                if (!Until("a guest goes on from its checkpoint file", () => Volatile.Read(ref restored) >= 0)) return;
                if (restored < announced) journal.Break(Name, $"the checkpoint file is of record {restored}, though one of record {announced} had been saved");
                journal.Count("checkpoints restored from a file by a new process");
            }
            if (!Until("records are acknowledged", () => ledger.Acknowledged > 0)) return;
            DateTime end = DateTime.UtcNow.AddSeconds(random.NextDouble() < 0.25 ? random.Next(300, 900) : random.Next(10, 90));
            while (DateTime.UtcNow < end && !over.IsCancellationRequested)
            {
                if (!LoadFor(TimeSpan.FromSeconds(2 + random.NextDouble() * 8))) return;
                switch (random.Next(4))
                {
                    case 0 when mounted: FileSystemFull(); break;
                    case 1: PeerResets(); break;
                    case 2: Stopped(); break;
                }
                uint records = ledger.Acknowledged, rounds = ledger.Rounds;
                long lines = ledger.Lines;
                if (!Until("the disk goes on", () => ledger.Acknowledged != records) || !Until("the network goes on", () => ledger.Rounds != rounds)) return;
            }
            if (random.Next(3) > 0) KillWhileSaving();
            else Kill();
        }
        finally
        {
            if (growth.IsEnough)
            {
                (string text, bool flat) = growth.Judge(mostMemoryKib: 48 << 10);
                journal.Verdict(Name, text);
                journal.Count("growth: processes judged");
                if (!flat) journal.Break(Name, $"the worker grows: {text}");
            }
            if (worker.Errors.Count > 0) journal.Break(Name, $"the worker said: {string.Join(" | ", worker.Errors.Take(6))}");
            worker.Dispose();
        }
    }

    private void Kill()
    {
        Inflict("kill -9", $"at record {ledger.Acknowledged}, record {saved} is saved");
        worker!.Signal(HostSystem.SigKill);
        worker.WaitForExit(TimeSpan.FromSeconds(Hang));
    }

    private void KillWhileSaving()
    {
        if (!Until("a checkpoint is being saved", () => Volatile.Read(ref isSaving))) return;
        // Mostly in the middle of writing, or else whenever it is.
        if (random.Next(4) > 0) Until("its file is begun", () => Directory.GetFiles(folder, "*.tmp").Length > 0 || !Volatile.Read(ref isSaving));
        Thread.Sleep(random.Next(40));
        worker!.Signal(HostSystem.SigKill);
        worker.WaitForExit(TimeSpan.FromSeconds(Hang));
        string[] halves = Directory.GetFiles(folder, "*.tmp");
        Inflict("kill -9 while a checkpoint is saved", halves.Length > 0 ? $"in the middle: {string.Join(", ", halves.Select(half => $"{Path.GetFileName(half)} of {new FileInfo(half).Length >> 10} KiB"))}" : "before or after");
        if (halves.Length > 0) journal.Count("checkpoints half written as their process was killed");
    }

    private void FileSystemFull()
    {
        Inflict("file system full while checkpoints are saved", "");
        long before = Volatile.Read(ref refusals), savedBefore = Volatile.Read(ref saves);
        string ballast = Path.Combine(folder, "ballast");
        try
        {
            using FileStream file = File.Create(ballast, 1);
            byte[] block = new byte[65536];
            for (;;) file.Write(block);
        }
        catch (IOException)
        {
            // Now it is full.
        }
        Until("a checkpoint is refused", () => Volatile.Read(ref refusals) > before);
        File.Delete(ballast);
        savedBefore = Volatile.Read(ref saves);
        Until("a checkpoint is saved again", () => Volatile.Read(ref saves) > savedBefore);
    }

    private void PeerResets()
    {
        Inflict("network peer resets", $"{echo.Connections} connections");
        echo.Reset();
    }

    private void Stopped()
    {
        double seconds = random.NextDouble() * 3;
        Inflict("SIGSTOP and SIGCONT", $"stopped for {seconds:F2} s");
        worker!.Signal(HostSystem.SigStop);
        Thread.Sleep(TimeSpan.FromSeconds(seconds));
        worker.Signal(HostSystem.SigCont);
    }

    private void Take(string line)
    {
        if (!line.StartsWith('@'))
        {
            ledger.Take(line);
            return;
        }
        string[] words = line.Split(' ', 2);
        switch (words[0])
        {
            case "@taken":
                journal.Count("checkpoints taken");
                break;
            case "@saving":
                Volatile.Write(ref isSaving, true);
                break;
            case "@saved":
                Volatile.Write(ref isSaving, false);
                lock (gate) saved = long.Parse(words[1]);
                Interlocked.Increment(ref saves);
                journal.Count("checkpoints saved");
                break;
            case "@refused":
                Volatile.Write(ref isSaving, false);
                Interlocked.Increment(ref refusals);
                journal.Count("checkpoints refused by a full file system");
                if (!words[1].Contains("No space left on device", StringComparison.Ordinal) || !words[1].Contains("guest.lguest", StringComparison.Ordinal) || words[1].Contains(".tmp", StringComparison.Ordinal))
                    journal.Break(Name, $"a checkpoint could not be saved, and the reason is '{words[1]}'");
                break;
            case "@restored":
                ledger.Restored(uint.Parse(words[1]));
                journal.Count("checkpoints restored");
                Volatile.Write(ref restored, long.Parse(words[1]));
                break;
            case "@warning":
                journal.Note(Name, words[1]);
                break;
            default:
                journal.Note(Name, line);
                break;
        }
    }

    private bool Until(string what, Func<bool> reached)
    {
        DateTime limit = DateTime.UtcNow.AddSeconds(Hang);
        while (!reached())
        {
            if (worker!.HasExited)
            {
                journal.Break(Name, $"the worker has ended with status {worker.Status} while waiting until {what}: {string.Join(" | ", worker.Errors.Take(8))}");
                Thread.Sleep(1000);
                return false;
            }
            if (DateTime.UtcNow > limit)
            {
                journal.Break(Name, $"{what}: not within {Hang} s");
                return false;
            }
            Rest(0.02);
        }
        return true;
    }

    private bool LoadFor(TimeSpan span)
    {
        DateTime end = DateTime.UtcNow + span;
        while (DateTime.UtcNow < end)
        {
            if (worker!.HasExited) return Until("nothing in particular", () => false);
            if (ledger.Waiting < 4) worker.Type(ledger.Ask(random));
            Rest(0.1);
        }
        return true;
    }

    private DateTime sampled;

    private void Rest(double seconds)
    {
        Thread.Sleep(TimeSpan.FromSeconds(seconds));
        if (DateTime.UtcNow - sampled < TimeSpan.FromSeconds(3) || worker is null || ledger.Acknowledged == 0 || HostSystem.Sample(worker.Id) is not { } sample) return;
        sampled = DateTime.UtcNow;
        growth.Add(journal.Elapsed, sample);
    }

    private void Inflict(string fault, string how)
    {
        journal.Count($"faults: {fault}");
        journal.Note(Name, how.Length > 0 ? $"{fault}: {how}" : fault);
    }
}
