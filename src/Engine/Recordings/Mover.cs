using LguestPS.Run;

namespace LguestPS.Recordings;

/// <summary>Takes a recorded guest to a place of what was recorded, whichever way that lies.</summary>
internal sealed class Mover(Guest guest, RunLoop loop, Recording recording, Action? pulse, CancellationToken stop)
{
    /// <summary>Finds the last checkpoint from which the run goes on to a place, or else the first.</summary>
    public Func<RunPosition, (RunPosition At, Checkpoint Checkpoint)> Before { get; init; } = recording.Shelf.Before;

    /// <summary>To the first place that is not before this one or, for that before an event, to the last place where the event is still to come.</summary>
    /// <exception cref="OperationCanceledException">The guest stands somewhere on the way.</exception>
    public void GoTo(RunPosition place)
    {
        if (place.IsBeforeEvent) GoBefore(place.Events + 1);
        else Reach(place);
    }

    /// <summary>To the first place that is not before this one.</summary>
    public void Reach(RunPosition place)
    {
        (RunPosition at, Checkpoint checkpoint) = Before(place);
        RunPosition here = GuestPosition.Of(guest);
        // What lies ahead, and nearer than any checkpoint, is reached from here.
        if (!here.IsBefore(place) || here.IsBefore(at)) recording.Load(checkpoint, at);
        Run(RunGoal.ToReach(place, guest, pulse, stop));
    }

    private void GoBefore(long sequence)
    {
        if (recording.InterventionBefore(sequence) is { } intervention)
        {
            Reach(intervention);
            return;
        }
        // What makes the event may make many at once, so that there is no place between them.
        RunPosition first = recording.Shelf.Start.At;
        for (long back = 1; ; back *= 2)
        {
            RunPosition place = new(Math.Max(sequence - back, first.Events), 0, 0L, 0);
            Reach(place);
            if (GuestPosition.Of(guest).Events < sequence || place.Events == first.Events) break;
        }
        RunPosition begin = GuestPosition.Of(guest);
        int? passes = LastBefore(sequence);
        Reach(begin);
        if (passes is null) return;
        RunGoal goal = RunGoal.ToLook(Looking, guest, recording.End, stop);
        goal.Pass(passes.Value);
        Run(goal);
    }

    /// <summary>How many places the guest comes by from here before the last one at which an event is still to come; null if there is none.</summary>
    private int? LastBefore(long sequence)
    {
        RunPosition limit = new(sequence, 0, 0L, 0);
        RunGoal goal = RunGoal.ToLook(Looking, guest, limit, stop);
        int? last = null;
        for (int passed = 0; Run(goal) != Standstill.Ended && GuestPosition.Of(guest).IsBefore(limit) && Pending.First(guest) is not null; passed++)
        {
            last = passed;
            goal.PassOne();
        }
        return last;
    }

    private StepBackOptions Looking => new() { Driver = "", Unit = StepUnit.Any, Pulse = pulse };

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
