using System.Diagnostics;
using LguestPS.Histories;
using LguestPS.Reports;
using LguestPS.Run;

namespace LguestPS;

/// <summary>What a run did and where its time went, as a page for a browser that needs nothing else.</summary>
public sealed class RunReport
{
    private const int Stretches = 512;
    private const long ShortestStretch = 1000;
    private static readonly TimeSpan ProgressPeriod = TimeSpan.FromMilliseconds(250);

    internal RunReport(RunProfile events, ReportFacts facts)
    {
        Events = events;
        Facts = facts;
    }

    internal RunProfile Events { get; }

    internal ReportFacts Facts { get; }

    /// <summary>Where its instructions were spent; null if they were not counted.</summary>
    internal CodeProfile? Code { get; init; }

    /// <summary>Samples in place of counts; empty if there are none.</summary>
    internal IReadOnlyList<HotCode> Samples { get; init; } = [];

    /// <summary>The hottest functions with their hottest instructions.</summary>
    internal IReadOnlyList<(CodeFunction Function, IReadOnlyList<CodeLine> Lines)> Listings { get; init; } = [];

    /// <summary>Does a recorded run again, counts every event and every instruction of it, and reports that.</summary>
    /// <param name="history">The run.</param>
    /// <param name="stop">Gives up.</param>
    /// <param name="progress">Told about four times a second which part of the run is done, from 0 to 1; or null.</param>
    /// <exception cref="LguestException">As for <see cref="GuestHistory.Open"/>, and ReplayDiverged.</exception>
    /// <exception cref="OperationCanceledException">On <paramref name="stop"/>.</exception>
    public static RunReport Of(GuestHistory history, CancellationToken stop = default, Action<double>? progress = null)
    {
        using Replica replica = history.ReplicaAt(history.Start, stop);
        Guest guest = replica.Guest;
        RunWatch watch = new(guest);
        guest.Events.Filter = EventFilter.Everything;
        double total = Math.Max(1, (history.End.Time - history.Start.Time).Ticks);
        // Looked at in between, too, so that it is known when a function ran, however seldom something happens.
        long stretch = history.End.Instructions == 0 ? long.MaxValue : Math.Max(ShortestStretch, (history.End.Instructions - history.Start.Instructions) / Stretches);
        long told = Stopwatch.GetTimestamp();
        while (!replica.IsAtEnd)
        {
            RunPosition before = replica.Position;
            bool isLast = stretch >= history.End.Instructions - before.Instructions;
            RunGoal goal = RunGoal.ToReach(isLast ? history.End : new RunPosition(0, before.Instructions + stretch, 0, 0), guest, pulse: null, stop);
            Standstill stood;
            do
            {
                stood = guest.Loop.Run(goal);
                if (stood == Standstill.Breakpoint) guest.Interceptor.Ignore();
                while (guest.Events.TryTake(out LguestEvent? happened)) watch.Add(happened);
            }
            while (stood is Standstill.Event or Standstill.Breakpoint);
            stop.ThrowIfCancellationRequested();
            watch.Pass();
            if (replica.Position == before) break;
            if (progress is null || Stopwatch.GetElapsedTime(told) < ProgressPeriod) continue;
            told = Stopwatch.GetTimestamp();
            progress(Math.Min(1, (guest.GuestTime - history.Start.Time).Ticks / total));
        }
        if (guest.Ending is { } ending) guest.Events.AnnounceEnd(ending);
        while (guest.Events.TryTake(out LguestEvent? happened)) watch.Add(happened);
        return watch.Report("Made from a recording, which was run again with every instruction counted.");
    }

    /// <summary>The same with what is known of a guest whose run it was: its CPU, and how its time was divided.</summary>
    internal RunReport With(Guest guest) => new(Events, ReportFacts.Of(guest, Facts.Origin)) { Code = Code, Listings = Listings, Samples = Samples };

    /// <summary>Writes the page.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(Stream output) => new ReportPage(this).Write(output);
}
