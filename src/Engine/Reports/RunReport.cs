using LguestPS.Cpu;
using LguestPS.Exports;
using LguestPS.Histories;
using LguestPS.Inspection;
using LguestPS.Reports;
using LguestPS.Run;

namespace LguestPS;

/// <summary>What a run did and where its time went, as a page for a browser that needs nothing else.</summary>
public sealed class RunReport
{
    private const int MostListings = 8;

    internal RunReport(RunProfile events, ReportFacts facts)
    {
        Events = events;
        Facts = facts;
    }

    internal RunProfile Events { get; }

    internal ReportFacts Facts { get; }

    /// <summary>Where its instructions were spent; null if they were not counted.</summary>
    internal CodeProfile? Code { get; private init; }

    /// <summary>Samples in place of counts; empty if there are none.</summary>
    internal IReadOnlyList<HotCode> Samples { get; init; } = [];

    /// <summary>The hottest functions with their hottest instructions.</summary>
    internal IReadOnlyList<(CodeFunction Function, IReadOnlyList<CodeLine> Lines)> Listings { get; private init; } = [];

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
        RunProfile events = new();
        CodeCounts counts = new();
        CodeProfile code = new(counts, address => guest.Symbols?.Find(address));
        guest.Cpu.Counts = counts;
        guest.Events.Filter = EventFilter.Everything;
        double total = Math.Max(1, (history.End.Time - history.Start.Time).Ticks);
        RunGoal goal = RunGoal.ToReach(history.End, guest, progress is null ? null : () => progress(Math.Min(1, (guest.GuestTime - history.Start.Time).Ticks / total)), stop);
        while (!replica.IsAtEnd)
        {
            if (guest.Loop.Run(goal) == Standstill.Breakpoint) guest.Interceptor.Ignore();
            stop.ThrowIfCancellationRequested();
            Take();
        }
        if (guest.Ending is { } ending) guest.Events.AnnounceEnd(ending);
        Take();
        code.Take(guest.GuestTime.Ticks * 100);
        events.Finish();
        Disassembler disassembler = new(guest, DisassemblySyntax.Gas);
        return new RunReport(events, ReportFacts.Of(guest, "Made from a recording, which was run again with every instruction counted.") with { Summary = null })
        {
            Code = code,
            Listings = [.. code.Functions.Where(function => function.Blocks.Count > 0).Take(MostListings).Select(function => (function, CodeProfile.Hottest(function, At))).Where(listing => listing.Item2.Count > 0)],
        };

        void Take()
        {
            while (guest.Events.TryTake(out LguestEvent? happened)) events.Write(happened);
            if (code.IsDue(events.LastTime)) code.Take(events.LastTime);
        }

        DisassembledInstruction? At(uint address)
        {
            try
            {
                return disassembler.At(address);
            }
            catch (LguestException e) when (e.Error == LguestError.AddressNotMapped)
            {
                return null;
            }
        }
    }

    /// <summary>The same with what is known of a guest whose run it was: its CPU, and how its time was divided.</summary>
    internal RunReport With(Guest guest) => new(Events, ReportFacts.Of(guest, Facts.Origin)) { Code = Code, Listings = Listings, Samples = Samples };

    /// <summary>Writes the page.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(Stream output) => new ReportPage(this).Write(output);
}
