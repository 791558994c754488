using LguestPS.Breakpoints;
using LguestPS.Cpu.Emulated;
using LguestPS.Recordings;
using LguestPS.Run;

namespace LguestPS.Histories;

/// <summary>A private guest that does a recorded run again, for somebody who looks on. It is used by one thread at a time.</summary>
/// <remarks>It runs on the emulated CPU, makes no events unless it is asked to, and what it sends goes nowhere. Breakpoints do not stop it.</remarks>
internal sealed class Replica : IDisposable
{
    private readonly GuestHistory history;

    public Replica(GuestHistory history, Guest guest)
    {
        this.history = history;
        Guest = guest;
        guest.Events.Filter = EventFilter.Nothing;
    }

    /// <summary>The guest, to be looked at and watched, but not driven by anybody else.</summary>
    public Guest Guest { get; }

    public RunPosition Position => GuestPosition.Of(Guest);

    /// <summary>Whether it stands where the recorded run ends.</summary>
    public bool IsAtEnd => Guest.HasEnded || !Position.IsBefore(history.End);

    /// <summary>Does the run again up to a place, or to the first place after it where a guest can stand still; at most to the end of the run.</summary>
    /// <exception cref="LguestException">ReplayDiverged.</exception>
    /// <exception cref="OperationCanceledException">On <paramref name="stop"/>; it then stands somewhere on the way.</exception>
    public void RunTo(RunPosition place, CancellationToken stop = default, Action? pulse = null)
    {
        if (history.End.IsBefore(place)) place = history.End;
        if (!Position.IsBefore(place)) return;
        RunGoal goal = RunGoal.ToReach(place, Guest, pulse, stop);
        while (Guest.Loop.Run(goal) is Standstill.Breakpoint or Standstill.Event)
        {
            Guest.Interceptor.Ignore();
            TakeEvents();
        }
        stop.ThrowIfCancellationRequested();
    }

    /// <summary>Told of the events that <see cref="Guest"/> makes, if its filter wants any.</summary>
    public Action<LguestEvent>? Happened { get; set; }

    /// <summary>Hands over events that nobody has been told of yet.</summary>
    public void TakeEvents()
    {
        while (Guest.Events.TryTake(out LguestEvent? happened)) Happened?.Invoke(happened);
    }

    /// <summary>Goes to any place of the run: on from where it stands, or from the last checkpoint before that place if this is nearer.</summary>
    /// <inheritdoc cref="RunTo" path="/exception"/>
    public void MoveTo(RunPosition place, CancellationToken stop = default, Action? pulse = null)
    {
        (RunPosition at, Checkpoint checkpoint) = history.CheckpointBefore(place);
        bool isAhead = Position != place && !Position.IsBefore(place);
        if (isAhead || Position.IsBefore(at)) Guest.Recording!.Load(checkpoint, at);
        RunTo(place, stop, pulse);
    }

    /// <summary>Goes to where a checkpoint was taken, unless it stands there.</summary>
    public void MoveTo(RunPosition at, Checkpoint checkpoint)
    {
        if (Position != at) Guest.Recording!.Load(checkpoint, at);
    }

    /// <summary>Keeps a checkpoint of the place where it stands in its history.</summary>
    public Checkpoint Keep()
    {
        Checkpoint checkpoint = Guest.MakeCheckpoint(label: null);
        history.Keep(Position, checkpoint);
        return checkpoint;
    }

    /// <summary>Whether something went wrong, so that nobody else should use it.</summary>
    public bool IsBroken { get; set; }

    /// <summary>Does one instruction; or, where something is pending, the next part of that.</summary>
    /// <exception cref="LguestException">ReplayDiverged.</exception>
    public void Step(CancellationToken stop)
    {
        RunGoal goal = RunGoal.ToStep(new StepOptions { Driver = "replica", Unit = StepUnit.Instruction, TimeLimit = TimeSpan.MaxValue }, Guest, stop);
        while (Guest.Loop.Run(goal) is Standstill.Breakpoint or Standstill.Event)
        {
            Guest.Interceptor.Ignore();
            TakeEvents();
        }
        stop.ThrowIfCancellationRequested();
    }

    /// <summary>Gives it back to its history, with nobody looking on any more.</summary>
    public void Dispose()
    {
        Happened = null;
        if (!IsBroken)
        {
            ((EmulatedCpu)Guest.Cpu).Observe(onlooker: null, [], []);
            Guest.Memory.HostWriting = null;
            Guest.Events.Filter = EventFilter.Nothing;
            if (history.TryKeep(this)) return;
        }
        Guest.Dispose();
    }
}
