using System.Globalization;

namespace LguestPS.Tests.Soak;

/// <summary>Guests made and ended by the thousand in this process, and what it holds meanwhile.</summary>
internal static class ChurnRun
{
    private const int Samples = 60;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(0.5);

    /// <param name="guests">How many; more if there is time.</param>
    /// <param name="threads">On how many threads at once.</param>
    /// <param name="work">A folder for what they need.</param>
    /// <param name="journal">What was done and found.</param>
    /// <param name="lane">Whose.</param>
    /// <param name="until">Goes on after the last until this is cancelled; null to end then.</param>
    public static void Do(long guests, int threads, string work, Journal journal, string lane, CancellationToken? until)
    {
        using EchoServer echo = new();
        Growth growth = new();
        Lock gate = new();
        long made = 0, next = 0, every = Math.Max(1, guests / Samples);
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(index => new Thread(() => Work(index)) { Name = $"churn {index}" })];
        foreach (Thread worker in workers) worker.Start();
        foreach (Thread worker in workers) worker.Join();

        (string text, bool flat) = growth.Judge(mostMemoryKib: 64 << 10);
        journal.Verdict(lane, string.Create(CultureInfo.InvariantCulture, $"{made:N0} guests in one process on {threads} threads, {text}"));
        if (!flat) journal.Break(lane, $"a process that makes and ends guests grows: {text}");

        void Work(int index)
        {
            using Churn churn = new(Path.Combine(work, $"churn-{index}"), echo);
            for (long number; (number = Interlocked.Increment(ref next) - 1) < guests || until is { IsCancellationRequested: false };)
            {
                // The rest of a soak belongs to the others, too.
                if (number >= guests) until!.Value.WaitHandle.WaitOne(Pause);
                (string kind, string? problem) = churn.One(number);
                journal.Count($"guests made and ended: {kind}");
                if (problem is not null) journal.Break(lane, problem);
                if (churn.Leftovers() is { Count: > 0 } left) journal.Break(lane, $"a guest {kind} left {string.Join(", ", left)}");
                lock (gate)
                {
                    if (++made % every != 0 || HostSystem.Sample(Environment.ProcessId) is not { } sample) continue;
                    growth.Add(journal.Elapsed, sample);
                    if (made % (every * 10) == 0) journal.Note(lane, string.Create(CultureInfo.InvariantCulture, $"{made:N0} guests: {sample.MemoryKib >> 10} MiB, {sample.Descriptors} descriptors, {sample.Threads} threads"));
                }
            }
        }
    }
}
