using LguestPS.Breakpoints;
using LguestPS.Recordings;

namespace LguestPS.Run;

/// <summary>Drives a guest for one consumer at a time: takes the seat, turns the run loop while events are taken, and leaves the seat.</summary>
internal sealed class Runner(Guest guest, DriverSeat seat, RunLoop loop)
{
    private readonly Interceptor interceptor = guest.Interceptor;
    private RunMeter? collected;

    /// <summary>Where the guest stands, or last stood.</summary>
    public Standstill Standstill { get; set; } = Standstill.NotStarted;

    /// <summary>What was counted in the runs that asked for it, up to now; null if none did.</summary>
    public RunSummary? Summary => collected?.Summarise();

    /// <summary>Where the guest really stands, if it only waits for its events to be taken.</summary>
    public Standstill Place => Standstill == Standstill.Event ? loop.WhereItStands() : Standstill;

    /// <summary>Runs the guest and gives its events as they occur; it advances only as they are taken.</summary>
    public IEnumerable<LguestEvent> Drive(DriveOptions options, Func<RunGoal> makeGoal, bool summary, CancellationToken stop)
    {
        lock (seat.Gate)
        {
            seat.Take(options.Driver);
            (guest.DeviceHost.ConsoleOutput, guest.DeviceHost.Warning) = (options.ConsoleOutput, options.Warning);
            guest.Rebooter.IsUnwanted = options.NoReboot;
            guest.Clock.Start();
        }
        try
        {
            using CancellationTokenRegistration wake = stop.Register(guest.Wake);
            guest.Events.Filter = options.Filter;
            RunMeter? meter = summary ? collected ??= new RunMeter(guest) : null;
            guest.Events.Meter = meter;
            RunGoal goal = makeGoal();
            using Timer? alarm = goal.SetAlarm(guest.Wake);
            bool goesOn;
            do
            {
                meter?.Resume();
                seat.IsTurning = true;
                Standstill stood = loop.Run(goal, meter);
                seat.IsTurning = false;
                meter?.Pause();
                if (guest.Ending is { } ending) guest.Events.AnnounceEnd(ending);
                else Standstill = stood;
                goesOn = stood == Standstill.Event || (stood == Standstill.Breakpoint && (!interceptor.Decide() || goal.PassesBreakpoint()));
                while (guest.Events.TryTake(out LguestEvent? happened)) yield return happened;
            }
            while (goesOn);
        }
        finally
        {
            LeaveSeat();
        }
    }

    public void LeaveSeat()
    {
        lock (seat.Gate)
        {
            seat.Leave();
            guest.Recording?.Reach();
            if (loop.StopWanted) guest.Machine.End(EndingKind.Stopped, "stopped");
            // An early leaver may have left it anywhere; say where.
            if (Standstill == Standstill.Event || (Standstill == Standstill.Breakpoint && interceptor.Stop is null)) Standstill = loop.WhereItStands();
            if (seat.IsGoing) guest.Release();
            (guest.DeviceHost.ConsoleOutput, guest.DeviceHost.Warning) = (null, null);
        }
        guest.DeviceHost.SayHeldWarnings();
    }

    /// <summary>Ends the guest; if it is being driven, at the next turn.</summary>
    /// <param name="warning">Who is told what goes wrong, unless it is being driven.</param>
    /// <returns>False if nothing was to be done.</returns>
    public bool Stop(Action<string>? warning)
    {
        lock (seat.Gate)
        {
            if (guest.HasEnded) return false;
            if (seat.Driver is null) WhileIdle(warning, () => guest.Machine.End(EndingKind.Stopped, "stopped"));
            else loop.StopWanted = true;
        }
        guest.DeviceHost.SayHeldWarnings();
        return true;
    }

    /// <summary>Reboots the guest, also one that has ended; if it is being driven, at the next turn.</summary>
    /// <param name="by">Who does it.</param>
    /// <exception cref="LguestException">GuestEnded: it was removed; NotSupported: it has ended, and with that has left a network that it cannot join again.</exception>
    public void Reboot(string by)
    {
        bool isDriven;
        lock (seat.Gate)
        {
            isDriven = seat.Driver is not null && !guest.HasEnded;
            if (isDriven) loop.RebootWanted = by;
            else RebootIdle(by);
        }
        if (isDriven) guest.Wake();
        else guest.DeviceHost.SayHeldWarnings();
    }

    private void RebootIdle(string by)
    {
        seat.CheckIsIdle();
        bool hadEnded = guest.HasEnded;
        if (hadEnded) Revive();
        guest.Rebooter.Reset(by);
        if (hadEnded && guest.Recording is { } recording) guest.RecordOn(Recording.Begin(guest, recording.KeepsEvents));
        Standstill = loop.WhereItStands();
    }

    /// <summary>Takes back what its end did to a guest.</summary>
    private void Revive()
    {
        if (guest.Devices.RebootObstacle is { } obstacle)
            throw new LguestException(LguestError.NotSupported, $"Guest '{guest.Name}' has ended and cannot be rebooted: {obstacle}. Make it anew.");
        guest.Machine.Revive();
        guest.Events.Revive();
        loop.StopWanted = false;
        guest.Devices.Replug(guest.DeviceHost);
    }

    /// <summary>Frees the guest, or has its driver do so as soon as they let go.</summary>
    /// <inheritdoc cref="Stop" path="/param"/>
    /// <returns>Whether a driver has to be woken for that.</returns>
    public bool Remove(Action<string>? warning)
    {
        bool isDriven;
        lock (seat.Gate)
        {
            if (seat.IsGone) return false;
            seat.IsGoing = true;
            isDriven = seat.Driver is not null;
            if (isDriven) loop.StopWanted = true;
            else WhileIdle(warning, guest.Release);
        }
        guest.DeviceHost.SayHeldWarnings();
        return isDriven;
    }

    /// <summary>The guest stands elsewhere now than its driver left it.</summary>
    public void StandsElsewhere()
    {
        if (!guest.HasEnded && seat.Driver is null) Standstill = loop.WhereItStands();
    }

    /// <summary>Changes the guest while it stands still, and puts the change into its stream of events: while it is not being driven, or in the action of a breakpoint.</summary>
    /// <param name="operation">What it is.</param>
    /// <param name="by">Who does it.</param>
    /// <param name="change">Does it.</param>
    /// <param name="then">Does what follows from it and makes an event of its own, or null.</param>
    /// <exception cref="LguestException">GuestBusy or GuestEnded; and what <paramref name="change"/> throws, which then has changed nothing.</exception>
    public void Intervene(InterventionOperation operation, string by, Func<Intervention> change, Action? then = null)
    {
        lock (seat.Gate)
        {
            if (interceptor.IsDeciding && !guest.HasEnded) seat.CheckIsAtHand();
            else seat.CheckIsFree();
            uint eip = guest.Cpu.Registers.Eip;
            if (guest.Recording is { } recording) recording.Intervene(Do);
            else Do();

            void Do()
            {
                guest.Events.Intervened(operation, by, eip, change());
                then?.Invoke();
            }
        }
        guest.DeviceHost.SayHeldWarnings();
    }

    /// <summary>Does something to a guest that is not being driven; <paramref name="warning"/> is told what goes wrong.</summary>
    private void WhileIdle(Action<string>? warning, Action act)
    {
        guest.DeviceHost.Warning = warning;
        act();
        guest.DeviceHost.Warning = null;
    }
}
