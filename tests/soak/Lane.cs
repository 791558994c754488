namespace LguestPS.Tests.Soak;

/// <summary>One process after another with a loaded Linux in it, each troubled for a while: what all such lanes do alike.</summary>
internal abstract class Lane : IDisposable
{
    /// <summary>Seconds after which what has not come is called a hang.</summary>
    protected const int Hang = 300;

    private static readonly TimeSpan Sampling = TimeSpan.FromSeconds(3), Typing = TimeSpan.FromSeconds(0.1), Look = TimeSpan.FromSeconds(0.02);

    private readonly string mount;
    private ProcessUnderTest? running;
    private Growth growth = new();
    private DateTime sampled;

    /// <param name="name">How the journal calls it.</param>
    /// <param name="mount">An empty folder, which becomes a small file system of its own where that is allowed.</param>
    /// <param name="megabytes">How small.</param>
    /// <param name="journal">Where faults and finds are told.</param>
    /// <param name="seed">Of the faults.</param>
    /// <param name="over">The end of the soak.</param>
    protected Lane(string name, string mount, int megabytes, Journal journal, int seed, CancellationToken over)
    {
        (Name, Journal, Over) = (name, journal, over);
        Random = new Random(seed);
        Ledger = new LoadLedger(journal, name);
        this.mount = Directory.CreateDirectory(mount).FullName;
        IsMounted = HostSystem.IsRoot && HostSystem.Try("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "lguest-soak", mount);
        if (!IsMounted) journal.Note(name, "not here: a small file system of its own, so it is never full (root may mount one)");
    }

    public string Name { get; }

    protected Journal Journal { get; }

    protected CancellationToken Over { get; }

    protected Random Random { get; }

    protected EchoServer Echo { get; } = new();

    protected LoadLedger Ledger { get; private set; }

    protected bool IsMounted { get; }

    /// <summary>The process of now.</summary>
    protected ProcessUnderTest Process => running ?? throw new InvalidOperationException("no process was started");

    public virtual void Dispose()
    {
        running?.Dispose();
        Echo.Dispose();
        if (IsMounted) HostSystem.Try("umount", mount);
    }

    /// <summary>The next process has nothing to do with the last one's promises.</summary>
    protected void Begin()
    {
        Ledger = new LoadLedger(Journal, Name);
        growth = new Growth();
    }

    protected void Start(ProcessUnderTest process) => running = process;

    /// <summary>What to do where the process has ended though something was waited for.</summary>
    protected abstract void EndedWhileWaiting(string what);

    /// <returns>False if it has not come, and the journal says so.</returns>
    protected bool Until(string what, Func<bool> reached)
    {
        DateTime limit = DateTime.UtcNow.AddSeconds(Hang);
        while (!reached())
        {
            if (Process.HasExited)
            {
                if (reached()) return true;
                EndedWhileWaiting(what);
                return false;
            }
            if (DateTime.UtcNow > limit)
            {
                Journal.Break(Name, $"{what}: not within {Hang} s (record {Ledger.Acknowledged}, round {Ledger.Rounds}, {Ledger.Waiting} questions wait); {string.Join(" | ", Process.Errors.TakeLast(4))}");
                return false;
            }
            Process.WaitForWord(Look);
            Sample();
        }
        return true;
    }

    /// <summary>Types at random for a while, or until the soak is over.</summary>
    /// <returns>False if the process has ended.</returns>
    protected bool LoadFor(TimeSpan span)
    {
        DateTime end = DateTime.UtcNow + span;
        while (DateTime.UtcNow < end && !Over.IsCancellationRequested && !Process.HasExited)
        {
            if (Ledger.Waiting < 4) Process.Type(Ledger.Ask(Random));
            Pass(Typing);
            Sample();
        }
        return !Process.HasExited;
    }

    /// <summary>Lets time pass, which is what such a fault is; less if the soak is over.</summary>
    protected void Pass(TimeSpan time) => Over.WaitHandle.WaitOne(time);

    protected void Inflict(string fault, string how)
    {
        Journal.Count($"faults: {fault}");
        Journal.Note(Name, how.Length > 0 ? $"{fault}: {how}" : fault);
    }

    protected void Stop(double seconds)
    {
        Inflict("SIGSTOP and SIGCONT", $"stopped for {seconds:F2} s");
        Process.Signal(HostSystem.SigStop);
        Pass(TimeSpan.FromSeconds(seconds));
        Process.Signal(HostSystem.SigCont);
    }

    /// <summary>Fills the small file system.</summary>
    /// <returns>The file that fills it, to be deleted.</returns>
    protected string Fill()
    {
        string ballast = Path.Combine(mount, "ballast");
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
        return ballast;
    }

    /// <summary>Says whether the process has grown, if it has lived long enough to tell.</summary>
    protected void JudgeGrowth(long mostMemoryKib)
    {
        if (!growth.IsEnough) return;
        (string text, bool flat) = growth.Judge(mostMemoryKib);
        Journal.Verdict(Name, text);
        Journal.Count("growth: processes judged");
        if (!flat) Journal.Break(Name, $"the process grows: {text}");
    }

    private void Sample()
    {
        if (DateTime.UtcNow - sampled < Sampling || Ledger.Acknowledged == 0 || HostSystem.Sample(Process.Id) is not { } sample) return;
        sampled = DateTime.UtcNow;
        growth.Add(Journal.Elapsed, sample);
    }
}
