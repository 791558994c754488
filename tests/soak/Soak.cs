namespace LguestPS.Tests.Soak;

/// <summary>All lanes side by side for so long, and then the sum of it.</summary>
internal static class Soak
{
    public const string Churn = "churn", OwnGuests = "own guests";
    private static readonly TimeSpan Between = TimeSpan.FromMinutes(5);

    /// <returns>The exit status: 0 if no promise was broken.</returns>
    public static int Run(SoakOptions options)
    {
        Directory.CreateDirectory(options.Work);
        Journal journal = new(Console.Out);
        journal.Note("soak", $"seed {options.Seed}, {options.Time}, kernel {options.Kernel ?? "none"}, work in {options.Work}");
        using CancellationTokenSource over = new(options.Time);
        Random seeds = new(options.Seed);
        List<(string Name, Action Run)> lanes = [(Churn, () => RunChurn(options, journal))];
        List<IDisposable> disposables = [];
        if (options.Kernel is not null && options.Initrd is not null)
        {
            LoadInitrd.Make(options.Initrd, options.LoadedInitrd);
            ProgramLane program = new("program", isLongLived: false, options, journal, seeds.Next(), over.Token);
            ProgramLane longLived = new("long-lived", isLongLived: true, options, journal, seeds.Next(), over.Token);
            CheckpointLane checkpoints = new(options, journal, seeds.Next(), over.Token);
            disposables.AddRange([program, longLived, checkpoints]);
            lanes.AddRange([(program.Name, program.Run), (longLived.Name, longLived.Run), (checkpoints.Name, checkpoints.Run)]);
        }
        else
        {
            int seed = seeds.Next();
            lanes.Add((OwnGuests, () => RunOwnGuests(options, journal, seed, over.Token)));
        }
        Thread[] threads = [.. lanes.Select(lane => new Thread(() => Guard(lane.Name, lane.Run, journal)) { Name = lane.Name })];
        foreach (Thread thread in threads) thread.Start();
        while (!over.Token.WaitHandle.WaitOne(Between)) journal.Summarize("so far");
        foreach (Thread thread in threads) thread.Join();
        foreach (IDisposable one in disposables) one.Dispose();
        journal.Summarize("soak ended");
        if (journal.Broken == 0) Directory.Delete(options.Work, recursive: true);
        return journal.Broken == 0 ? 0 : 1;
    }

    /// <summary>Every fault once.</summary>
    /// <returns>The exit status: 0 if no promise was broken.</returns>
    public static int RunShort(string work)
    {
        Journal journal = new(Console.Out);
        using (ShortFaults faults = new(work))
            foreach (string fault in ShortFaults.All.Keys) TryFault(faults, fault, journal);
        journal.Summarize("every fault once");
        return journal.Broken == 0 ? 0 : 1;
    }

    private static void RunOwnGuests(SoakOptions options, Journal journal, int seed, CancellationToken over)
    {
        string[] names = [.. ShortFaults.All.Keys];
        Random random = new(seed);
        using ShortFaults faults = new(Path.Combine(options.Work, "own-guests"));
        while (!over.IsCancellationRequested) TryFault(faults, names[random.Next(names.Length)], journal);
    }

    private static void TryFault(ShortFaults faults, string fault, Journal journal)
    {
        try
        {
            journal.Note(OwnGuests, fault);
            if (faults.Try(fault) is { } why) journal.Note(OwnGuests, $"not here: {why}");
            else journal.Count($"faults: {fault}");
        }
        catch (SoakException e)
        {
            journal.Break(OwnGuests, $"{fault}: {e.Message}");
        }
    }

    /// <summary>A process of its own: its growth is to be that of guests alone.</summary>
    private static void RunChurn(SoakOptions options, Journal journal)
    {
        using ProcessUnderTest worker = new(
            Environment.ProcessPath!,
            ["worker-churn", "--guests", $"{options.Guests}", "--threads", $"{options.Threads}", "--work", Path.Combine(options.Work, Churn), "--hours", FormattableString.Invariant($"{options.Time.TotalHours}")],
            new Dictionary<string, string>(), line => journal.Note(Churn, line));
        while (!worker.WaitForExit(TimeSpan.FromMinutes(1)))
        {
        }
        if (worker.Status != 0) journal.Break(Churn, $"the process that makes guests ended with status {worker.Status}: {string.Join(" | ", worker.Errors.Take(8))}");
    }

    private static void Guard(string name, Action run, Journal journal)
    {
        try
        {
            run();
        }
        catch (Exception e)
        {
            journal.Break(name, $"the soak itself failed: {e}");
        }
    }
}
