using LguestPS.Run;

namespace LguestPS.Recordings;

/// <summary>Takes a guest back: does its run again from a checkpoint, sees where it stood still on the way, and stops at one of those places.</summary>
internal sealed class Rewinder(Guest guest, RunLoop loop, Recording recording, StepBackOptions options, CancellationToken stop)
{
    // A place where a condition is true is usually near, and each place costs the asking.
    private const long FirstStretch = 1024;

    private long stretch = FirstStretch;

    /// <summary>Goes as far back as the options say.</summary>
    /// <returns>False if the recording does not go back that far: the guest stands where it begins.</returns>
    /// <exception cref="OperationCanceledException">The guest stands somewhere on the way.</exception>
    public bool Go()
    {
        RunPosition limit = GuestPosition.Of(guest);
        int left = options.Count;
        while (recording.Shelf.LastStretch(limit, options.Hypercall) is (RunPosition at, Checkpoint checkpoint, RunPosition end))
        {
            limit = end;
            recording.Load(checkpoint, at);
            RunPosition first = PassOver(limit, left);
            List<RewindPlace> places = options.Unit == StepUnit.Breakpoint ? HitsBefore(limit) : PlacesBefore(limit);
            if (places.Count >= left)
            {
                recording.Load(checkpoint, at);
                GoTo(places[^left], limit);
                return true;
            }
            left -= places.Count;
            limit = first.IsBefore(limit) ? first : at;
        }
        (RunPosition begin, Checkpoint start) = recording.Shelf.Start;
        if (begin.IsBefore(GuestPosition.Of(guest))) recording.Load(start, begin);
        return false;
    }

    /// <summary>Of single instructions only so many are looked at as can matter or, if there is a condition, a stretch that grows.</summary>
    /// <returns>Where the guest stands now.</returns>
    private RunPosition PassOver(RunPosition limit, int wanted)
    {
        if (options.Unit == StepUnit.Instruction)
        {
            RunTo(new RunPosition(0, limit.Instructions - (options.Condition is null ? wanted : stretch), 0L, 0));
            stretch *= 2;
        }
        return GuestPosition.Of(guest);
    }

    /// <summary>The places, from here to just before the limit, where the guest may be left.</summary>
    private List<RewindPlace> PlacesBefore(RunPosition limit)
    {
        List<RewindPlace> places = [];
        RunGoal goal = RunGoal.ToLook(options, guest, limit, stop);
        Standstill stood = Run(goal);
        for (int passed = 0; IsOnTheWay(stood) && GuestPosition.Of(guest).IsBefore(limit); passed++)
        {
            if (IsPlace(stood)) places.Add(new RewindPlace(GuestPosition.Of(guest), passed));
            goal.PassOne();
            stood = Run(goal);
        }
        return places;
    }

    /// <summary>To one of the places that were found; the guest stands at the checkpoint they were found from.</summary>
    private void GoTo(RewindPlace place, RunPosition limit)
    {
        if (options.Unit is StepUnit.Trap or StepUnit.Interrupt or StepUnit.Address or StepUnit.Any)
        {
            // Before a trap or interrupt the guest is as far as it was before the instruction there.
            RunGoal goal = RunGoal.ToLook(options, guest, limit, stop);
            goal.Pass(place.Passed);
            Run(goal);
            return;
        }
        RunTo(place.At);
        if (place.Hit is { } hit) Tell(hit);
    }

    /// <summary>What breakpoints would have stopped the guest for, from here to the limit.</summary>
    private List<RewindPlace> HitsBefore(RunPosition limit)
    {
        List<RewindPlace> places = [];
        RunGoal goal = RunGoal.ToReach(limit, guest, options.Pulse, stop);
        while (loop.Run(goal) == Standstill.Breakpoint)
        {
            // The iterations of a repeated instruction are one place.
            if (guest.Interceptor.FindStop() is { } hit && RewindPlace.Of(hit) is var place && place.At.IsBefore(limit) && place.At != places.LastOrDefault().At) places.Add(place);
            guest.Interceptor.Ignore();
        }
        stop.ThrowIfCancellationRequested();
        return places;
    }

    /// <summary>The guest stands before what a breakpoint was about: it is at that breakpoint, unless the access it watches for is still to be done.</summary>
    private void Tell(BreakpointHit hit)
    {
        if (!RewindPlace.IsBehind(hit) && loop.Run(RunGoal.ToReach(recording.End, guest, options.Pulse, stop)) == Standstill.Breakpoint)
        {
            guest.Interceptor.Stop = hit = guest.Interceptor.FindStop() ?? hit;
            guest.Interceptor.Ignore();
        }
        options.Found?.Invoke(hit);
    }

    private static bool IsOnTheWay(Standstill stood) =>
        stood is Standstill.Hypercall or Standstill.RingEntry or Standstill.Dma or Standstill.Kick or Standstill.Trap or Standstill.Interrupt or Standstill.Instruction;

    private bool IsPlace(Standstill stood) =>
        (options.Unit is StepUnit.Instruction or StepUnit.Address || stood != Standstill.Instruction)
        && (options.Hypercall is null || (guest.Machine.Pending.Transfer is null && guest.NextCall?.Number == options.Hypercall))
        && (options.Condition is null || options.Condition(guest));

    private void RunTo(RunPosition place) => Run(RunGoal.ToReach(place, guest, options.Pulse, stop));

    private Standstill Run(RunGoal goal)
    {
        Standstill stood = loop.Run(goal);
        while (stood == Standstill.Breakpoint)
        {
            guest.Interceptor.Ignore();
            stood = loop.Run(goal);
        }
        stop.ThrowIfCancellationRequested();
        return stood;
    }
}
