namespace LguestPS.Tests.Soak;

/// <summary>A worker that takes, saves and restores checkpoints of a loaded Linux, and is killed: what it had saved is whole and goes on.</summary>
internal sealed class CheckpointLane : Lane
{
    private const int FileSystemMegabytes = 96;

    private readonly SoakOptions options;
    private readonly string folder, image;
    private readonly Lock gate = new();

    private long saved = -1, refusals, saves, restored = -1;
    private bool isSaving;

    public CheckpointLane(SoakOptions options, Journal journal, int seed, CancellationToken over)
        : base("checkpoints", Folder(options), FileSystemMegabytes, journal, seed, over)
    {
        (this.options, folder) = (options, Folder(options));
        image = Path.Combine(options.Work, "snapshot.img");
        using FileStream file = File.Create(image);
        file.SetLength(4 << 20);
    }

    private static string Folder(SoakOptions options) => Path.Combine(options.Work, "checkpoints");

    private string CheckpointPath => Path.Combine(folder, "guest.lguest");

    public void Run()
    {
        while (!Over.IsCancellationRequested) Live();
        Journal.Note(Name, "done");
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
        if (announced >= 0 && !revived) Journal.Break(Name, "the checkpoint file that was saved is gone");
        Begin();
        Start(new ProcessUnderTest(
            Environment.ProcessPath!,
            ["worker-checkpoints", "--kernel", options.Kernel!, "--initrd", options.LoadedInitrd, "--image", image, "--port", $"{Echo.Port}", "--file", CheckpointPath, "--seed", $"{Random.Next()}"],
            new Dictionary<string, string>(), Take));
        Journal.Count("processes: workers of checkpoints");
        try
        {
            if (revived)
            {
                if (!Until("a guest goes on from its checkpoint file", () => Volatile.Read(ref restored) >= 0)) return;
                if (restored < announced) Journal.Break(Name, $"the checkpoint file is of record {restored}, though one of record {announced} had been saved");
                Journal.Count("checkpoints restored from a file by a new process");
            }
            if (!Until("records are acknowledged", () => Ledger.Acknowledged > 0)) return;
            DateTime end = DateTime.UtcNow.AddSeconds(Random.NextDouble() < 0.25 ? Random.Next(300, 900) : Random.Next(10, 90));
            while (DateTime.UtcNow < end && !Over.IsCancellationRequested)
            {
                if (!LoadFor(TimeSpan.FromSeconds(2 + Random.NextDouble() * 8)))
                {
                    EndedWhileWaiting("the load had run for a while");
                    return;
                }
                switch (Random.Next(4))
                {
                    case 0 when IsMounted: FileSystemFull(); break;
                    case 1: PeerResets(); break;
                    case 2: Stop(Random.NextDouble() * 3); break;
                }
                uint records = Ledger.Acknowledged, rounds = Ledger.Rounds;
                if (!Until("the disk goes on", () => Ledger.Acknowledged != records) || !Until("the network goes on", () => Ledger.Rounds != rounds)) return;
            }
            if (Random.Next(3) > 0) KillWhileSaving();
            else Kill();
        }
        finally
        {
            JudgeGrowth(48 << 10);
            if (Process.Errors.Count > 0) Journal.Break(Name, $"the worker said: {string.Join(" | ", Process.Errors.Take(6))}");
            Process.Dispose();
        }
    }

    private void Kill()
    {
        Inflict("kill -9", $"at record {Ledger.Acknowledged}, record {saved} is saved");
        Process.Signal(HostSystem.SigKill);
        Process.WaitForExit(TimeSpan.FromSeconds(Hang));
    }

    private void KillWhileSaving()
    {
        if (!Until("a checkpoint is being saved", () => Volatile.Read(ref isSaving))) return;
        // Mostly in the middle of writing, or else whenever it is.
        if (Random.Next(4) > 0) Until("its file is begun", () => Directory.GetFiles(folder, "*.tmp").Length > 0 || !Volatile.Read(ref isSaving));
        // Then at no particular moment.
        Pass(TimeSpan.FromMilliseconds(Random.Next(40)));
        Process.Signal(HostSystem.SigKill);
        Process.WaitForExit(TimeSpan.FromSeconds(Hang));
        string[] halves = Directory.GetFiles(folder, "*.tmp");
        Inflict("kill -9 while a checkpoint is saved", halves.Length > 0 ? $"in the middle: {string.Join(", ", halves.Select(half => $"{Path.GetFileName(half)} of {new FileInfo(half).Length >> 10} KiB"))}" : "before or after");
        if (halves.Length > 0) Journal.Count("checkpoints half written as their process was killed");
    }

    private void FileSystemFull()
    {
        Inflict("file system full while checkpoints are saved", "");
        long before = Volatile.Read(ref refusals);
        string ballast = Fill();
        Until("a checkpoint is refused", () => Volatile.Read(ref refusals) > before);
        File.Delete(ballast);
        long savedBefore = Volatile.Read(ref saves);
        Until("a checkpoint is saved again", () => Volatile.Read(ref saves) > savedBefore);
    }

    private void PeerResets()
    {
        Inflict("network peer resets", $"{Echo.Connections} connections");
        Echo.Reset();
    }

    private void Take(string line)
    {
        if (!line.StartsWith('@'))
        {
            Ledger.Take(line);
            return;
        }
        string[] words = line.Split(' ', 2);
        switch (words[0])
        {
            case "@taken":
                Journal.Count("checkpoints taken");
                break;
            case "@saving":
                Volatile.Write(ref isSaving, true);
                break;
            case "@saved":
                Volatile.Write(ref isSaving, false);
                lock (gate) saved = long.Parse(words[1]);
                Interlocked.Increment(ref saves);
                Journal.Count("checkpoints saved");
                break;
            case "@refused":
                Volatile.Write(ref isSaving, false);
                Interlocked.Increment(ref refusals);
                Journal.Count("checkpoints refused by a full file system");
                if (!words[1].Contains("No space left on device", StringComparison.Ordinal) || !words[1].Contains("guest.lguest", StringComparison.Ordinal) || words[1].Contains(".tmp", StringComparison.Ordinal))
                    Journal.Break(Name, $"a checkpoint could not be saved, and the reason is '{words[1]}'");
                break;
            case "@restored":
                Ledger.Restored(uint.Parse(words[1]));
                Journal.Count("checkpoints restored");
                Volatile.Write(ref restored, long.Parse(words[1]));
                break;
            case "@warning":
                Journal.Note(Name, words[1]);
                break;
            default:
                Journal.Note(Name, line);
                break;
        }
    }

    protected override void EndedWhileWaiting(string what)
    {
        Journal.Break(Name, $"the worker has ended with status {Process.Status} while waiting until {what}: {string.Join(" | ", Process.Errors.Take(8))}");
        // A worker that cannot start is not to be started as fast as the machine can.
        Pass(TimeSpan.FromSeconds(1));
    }
}
