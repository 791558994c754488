using LguestPS.Breakpoints;
using LguestPS.Recordings;

namespace LguestPS.Run;

/// <summary>Takes a guest to other places of its run, for one driver at a time. Nothing of what it does on the way happens: it has happened.</summary>
internal sealed class TimeTravel(Guest guest, DriverSeat seat, RunLoop loop, Runner runner)
{
    private readonly Interceptor interceptor = guest.Interceptor;

    /// <inheritdoc cref="Guest.StepBack"/>
    public bool StepBack(StepBackOptions options, CancellationToken stop)
    {
        if (guest.Recording is not { } recording) throw NotRecorded();
        bool needsCount = options.Unit is StepUnit.Instruction or StepUnit.Breakpoint or StepUnit.Address or StepUnit.Over or StepUnit.Out;
        if (needsCount && !guest.Cpu.CountsInstructions)
            throw new LguestException(LguestError.NotSupported, $"Guest '{guest.Name}' runs on the {guest.Cpu.Name} CPU, which does not count instructions, so it cannot find an instruction again. Go back by standstills or hypercalls, or replay its recording, which is done on the emulated CPU.");
        return Travel(options.Driver, recording, isMuted: options.Unit != StepUnit.Breakpoint, stop, () =>
        {
            bool reached = options.Unit is StepUnit.Over or StepUnit.Out
                ? new CallRewinder(guest, loop, recording, options, stop).Go()
                : new Rewinder(guest, loop, recording, options, stop).Go();
            if (reached) runner.Standstill = interceptor.Stop is null ? loop.WhereItStands() : Standstill.Breakpoint;        // else where it stood when the recording began
            return reached;
        });
    }

    /// <inheritdoc cref="GuestTimeline.MoveTo"/>
    public bool MoveTo(MoveOptions options, CancellationToken stop)
    {
        Recording? recording = guest.Recording;
        RunPosition place;
        lock (seat.Gate)
        {
            seat.CheckIsIdle();
            recording?.Reach();
            place = Find(options.To, recording);
        }
        if (recording is null) return place == guest.RunPosition || RunOn(place, options, stop);
        if (place == recording.End) return Travel(options.Driver, recording, isMuted: true, stop, () => GoToPresent(recording, options.Pulse, stop));
        if (IsWithin(recording, place))
        {
            return Travel(options.Driver, recording, isMuted: true, stop, () =>
            {
                new Mover(guest, loop, recording, options.Pulse, stop).GoTo(place);
                (RunPosition begin, Checkpoint start) = recording.Shelf.Start;
                runner.Standstill = GuestPosition.Of(guest) == begin ? start.Standstill : loop.WhereItStands();
                return true;
            });
        }
        if (recording.IsInPast) Travel(options.Driver, recording, isMuted: true, stop, () => GoToPresent(recording, options.Pulse, stop));
        return !guest.HasEnded && RunOn(place, options, stop);
    }

    private bool Travel(string driver, Recording recording, bool isMuted, CancellationToken stop, Func<bool> go)
    {
        lock (seat.Gate) seat.TakeBack(driver);
        guest.Events.Meter = null;
        try
        {
            using CancellationTokenRegistration wake = stop.Register(guest.Wake);
            recording.Reach();
            if (!recording.IsInPast) recording.Present = Present.Of(guest, runner.Place);
            recording.IsMoving = true;
            if (isMuted) interceptor.IsMuted = true;
            else interceptor.Forget();
            guest.Events.Filter = EventFilter.Nothing;
            return go();
        }
        catch (OperationCanceledException)
        {
            runner.Standstill = loop.WhereItStands();
            throw;
        }
        finally
        {
            recording.IsMoving = false;
            if (isMuted) interceptor.Unmute();
            runner.LeaveSeat();
        }
    }

    /// <summary>Where somebody wants the guest to be.</summary>
    /// <exception cref="LguestException">NotRecorded or PositionUnreachable.</exception>
    private RunPosition Find(PositionExpression to, Recording? recording)
    {
        RunPosition here = GuestPosition.Of(guest);
        if (recording is null)
        {
            if (to.NeedsHistory) throw NotRecorded();
            RunPosition ahead = to.In(here, here);
            return !here.IsBefore(ahead) && ahead != here ? throw NotRecorded() : ahead;
        }
        RunPosition start = recording.Shelf.Start.At, place = to.In(start, recording.End);
        if (place.Events < start.Events && (place.Events > 0 || place.IsBeforeEvent) || place.Instructions < start.Instructions && place.Instructions > 0 || place.Nanoseconds < start.Nanoseconds && place.Nanoseconds > 0 && !place.IsBeforeEvent)
            throw new LguestException(LguestError.PositionUnreachable, $"Guest '{guest.Name}' was recorded from {start} on, and what was asked for lies before that: {place}.");
        if (!IsWithin(recording, place) && (recording.IsInPast ? recording.Present?.Ending : guest.Ending) is { } ending)
            throw new LguestException(LguestError.PositionUnreachable, $"Guest '{guest.Name}' has ended {recording.End}: {ending.Reason}. It never gets to what was asked for: {place}.");
        return place;
    }

    private static bool IsWithin(Recording recording, RunPosition place) =>
        place.IsBeforeEvent ? place.Events < recording.End.Events : !recording.End.IsBefore(place);

    private bool GoToPresent(Recording recording, Action? pulse, CancellationToken stop)
    {
        if (recording.Present is { } present)
        {
            present.Restore(guest, recording);
            runner.Standstill = present.Standstill;
            return true;
        }
        // It was never there: it replays a file.
        new Mover(guest, loop, recording, pulse, stop).Reach(recording.End);
        if (guest.Ending is { } ending) guest.Events.AnnounceEnd(ending);
        runner.Standstill = guest.HasEnded ? Standstill.Ended : Standstill.EndOfRecording;
        return true;
    }

    /// <summary>Runs on to where the guest has never been.</summary>
    private bool RunOn(RunPosition place, MoveOptions options, CancellationToken stop)
    {
        foreach (LguestEvent _ in runner.Drive(options, () => RunGoal.ToArrive(place with { IsBeforeEvent = false }, options, guest, stop), summary: false, stop))
        {
        }
        if (guest.RunPosition.IsBefore(place)) return false;
        if (!place.IsBeforeEvent || guest.HasEnded || guest.RunPosition.Events > place.Events || Pending.First(guest) is not null) return true;
        StepOptions next = new() { Driver = options.Driver, Unit = StepUnit.Any, Filter = EventFilter.Nothing, TimeLimit = options.TimeLimit, Pulse = options.Pulse, Warning = options.Warning, NoReboot = options.NoReboot };
        foreach (LguestEvent _ in guest.Step(next, stop))
        {
        }
        return Pending.First(guest) is not null;
    }

    private LguestException NotRecorded() =>
        new(LguestError.NotRecorded, $"Guest '{guest.Name}' was not recorded, so there is no way back. Record it before it runs: 'record: true' in its definition does that.");
}
