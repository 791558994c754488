namespace LguestPS.Gdb;

/// <summary>Lets the guest go for gdb, on the thread of the session, and says why it stopped.</summary>
internal sealed class GdbRun(Guest guest, GdbPackets packets, GdbServer server, CancellationToken stop)
{
    private string Driver => $"gdb at {server.EndPoint}";

    /// <summary>Whether the guest can be taken back: by instructions, which not every CPU counts.</summary>
    public bool CanGoBack => guest.IsRecorded && guest.Cpu.CountsInstructions;

    /// <summary>The answer that says why the guest stands still.</summary>
    public string WhyItStands => guest switch
    {
        // To gdb a program that is gone has no past: a recorded guest is not gone, it has reached the end of what is known of it.
        { HasEnded: true } when CanGoBack => $"T{GdbAnswers.Trapped}replaylog:end;thread:1;",
        { Standstill: Standstill.EndOfRecording } when CanGoBack => $"T{GdbAnswers.Trapped}replaylog:end;thread:1;",
        { Ending.Kind: EndingKind.PowerDown or EndingKind.Restart } => "W00",
        { Ending.Kind: EndingKind.Stopped } => "X09",
        { HasEnded: true } => "X06",
        { BreakpointHit: { } hit } => $"T{GdbAnswers.Trapped}{GdbBreakpoints.Reason(hit)}thread:1;",
        { Standstill: Standstill.StopRequested } => $"T{GdbAnswers.Interrupted}thread:1;",
        _ => $"T{GdbAnswers.Trapped}thread:1;",
    };

    /// <summary>One instruction, with all the host does before the next: gdb knows no places between two instructions.</summary>
    public string Step() => Go(StepInstruction);

    public string Continue() => Go(token => guest.Run(new RunOptions { Driver = Driver, Filter = server.Filter, Warning = server.Warning, WaitForInput = packets.CanInterrupt }, token));

    /// <summary>One instruction back in a recorded run.</summary>
    public string StepBack() => GoBack(StepUnit.Instruction);

    /// <summary>Back to before what the last breakpoint or watchpoint was about, or to where the recording begins.</summary>
    public string ContinueBack() => GoBack(StepUnit.Breakpoint);

    /// <summary>To a place of the run.</summary>
    /// <returns>False if it does not get there.</returns>
    /// <exception cref="LguestException">See <see cref="GuestTimeline.MoveTo"/>.</exception>
    /// <exception cref="OperationCanceledException">gdb has interrupted it.</exception>
    public bool MoveTo(PositionExpression place) =>
        WhileRunning(token => guest.Timeline.MoveTo(new MoveOptions { Driver = Driver, To = place, Warning = server.Warning }, token));

    /// <summary>On to before the next hypercall, or the next with this number.</summary>
    /// <returns>False if there was none.</returns>
    public bool ToCall(uint? number) => WhileRunning(token =>
    {
        do
        {
            StepOptions options = new() { Driver = Driver, Filter = server.Filter, Warning = server.Warning, Unit = number is null ? StepUnit.Standstill : StepUnit.Hypercall, Hypercall = number };
            foreach (LguestEvent happened in guest.Step(options, token)) server.Happened?.Invoke(happened);
            token.ThrowIfCancellationRequested();
        }
        while (guest.Standstill is Standstill.Dma or Standstill.Kick);
        return guest.Standstill is Standstill.Hypercall or Standstill.RingEntry;
    });

    /// <summary>Back to before the last hypercall, or the last with this number.</summary>
    /// <returns>False if there was none.</returns>
    public bool BackToCall(uint? number) => WhileRunning(token => guest.StepBack(new StepBackOptions
    {
        Driver = Driver, Unit = number is null ? StepUnit.Standstill : StepUnit.Hypercall, Hypercall = number,
        Condition = number is null ? static here => here.Machine.Pending.Transfer is null : null,
    }, token));

    private T WhileRunning<T>(Func<CancellationToken, T> go)
    {
        using CancellationTokenSource interrupted = CancellationTokenSource.CreateLinkedTokenSource(stop);
        packets.WhileRunning(interrupted);
        try
        {
            return go(interrupted.Token);
        }
        finally
        {
            packets.WhileRunning(null);
        }
    }

    private string GoBack(StepUnit unit)
    {
        string reason = "";
        using CancellationTokenSource interrupted = CancellationTokenSource.CreateLinkedTokenSource(stop);
        packets.WhileRunning(interrupted);
        try
        {
            StepBackOptions options = new() { Driver = Driver, Unit = unit, Found = hit => reason = GdbBreakpoints.Reason(hit) };
            bool reached = guest.StepBack(options, interrupted.Token);
            // As on the way on, what is pending is no place of its own.
            while (reached && unit == StepUnit.Instruction && Run.Pending.First(guest) is not null) reached = guest.StepBack(options, interrupted.Token);
            return reached ? $"T{GdbAnswers.Trapped}{reason}thread:1;" : $"T{GdbAnswers.Trapped}replaylog:begin;thread:1;";
        }
        catch (OperationCanceledException)
        {
            return $"T{GdbAnswers.Interrupted}thread:1;";
        }
        finally
        {
            packets.WhileRunning(null);
        }
    }

    private IEnumerable<LguestEvent> StepInstruction(CancellationToken token)
    {
        StepOptions options = new() { Driver = Driver, Filter = server.Filter, Warning = server.Warning, Unit = StepUnit.Instruction };
        do
        {
            foreach (LguestEvent happened in guest.Step(options, token)) yield return happened;
        }
        while (guest.Standstill is Standstill.Hypercall or Standstill.RingEntry or Standstill.Dma or Standstill.Kick);
    }

    private string Go(Func<CancellationToken, IEnumerable<LguestEvent>> drive)
    {
        using CancellationTokenSource interrupted = CancellationTokenSource.CreateLinkedTokenSource(stop);
        packets.WhileRunning(interrupted);
        try
        {
            foreach (LguestEvent happened in drive(interrupted.Token)) server.Happened?.Invoke(happened);
        }
        finally
        {
            packets.WhileRunning(null);
        }
        if (guest.Ending is { } ending) packets.SendConsoleText($"Guest '{guest.Name}' ended: {ending.Reason}\n");
        return WhyItStands;
    }
}
