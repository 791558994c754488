using System.Diagnostics;
using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Moves a guest to its next standstill, or further, writes what was done on the way, and shows where it stands then.</summary>
[Cmdlet(VerbsCommon.Step, "LguestGuest", DefaultParameterSetName = "Count", SupportsShouldProcess = true)]
[Alias("lgs")]
[OutputType(typeof(HypercallEvent), typeof(DmaEvent), typeof(KickEvent), typeof(VirtqueueEvent), typeof(TrapEvent), typeof(InterruptEvent), typeof(InterventionEvent), typeof(GuestRebootedEvent), typeof(GuestEndedEvent))]
[OutputType(typeof(Guest))]
public sealed class StepLguestGuestCommand : LaunchCommand
{
    private TolerantScript? until;

    [Parameter(ParameterSetName = "Count", Position = 1)]
    [Parameter(ParameterSetName = "Hypercall")]
    [Parameter(ParameterSetName = "Trap")]
    [Parameter(ParameterSetName = "Interrupt")]
    [Parameter(ParameterSetName = "ToAddress")]
    [Parameter(ParameterSetName = "Over")]
    [Parameter(ParameterSetName = "Out")]
    [Parameter(ParameterSetName = "Breakpoint")]
    [ValidateRange(1, int.MaxValue)]
    public int Count { get; set; } = 1;

    [Parameter(ParameterSetName = "Until", Mandatory = true, Position = 1)]
    public ScriptBlock Until { get; set; } = null!;

    [Parameter(ParameterSetName = "Hypercall", Mandatory = true)]
    [ArgumentCompleter(typeof(HypercallCompleter))]
    public string Hypercall { get; set; } = "";

    [Parameter(ParameterSetName = "Trap", Mandatory = true)]
    [ArgumentCompleter(typeof(TrapCompleter))]
    public string Trap { get; set; } = "";

    [Parameter(ParameterSetName = "Interrupt", Mandatory = true)]
    public string Interrupt { get; set; } = "";

    [Parameter(ParameterSetName = "ToAddress", Mandatory = true)]
    [ArgumentCompleter(typeof(AddressCompleter))]
    public AddressArgument ToAddress { get; set; } = null!;

    [Parameter(ParameterSetName = "Count")]
    [Parameter(ParameterSetName = "Until")]
    public SwitchParameter Instruction { get; set; }

    [Parameter(ParameterSetName = "Over", Mandatory = true)]
    public SwitchParameter Over { get; set; }

    [Parameter(ParameterSetName = "Out", Mandatory = true)]
    public SwitchParameter Out { get; set; }

    [Parameter(ParameterSetName = "Breakpoint", Mandatory = true)]
    public SwitchParameter Breakpoint { get; set; }

    [Parameter(ParameterSetName = "To", Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Position")]
    [ArgumentCompleter(typeof(PositionCompleter))]
    [PositionArgument]
    public PositionExpression To { get; set; } = PositionExpression.Now;

    [Parameter(ParameterSetName = "Count")]
    [Parameter(ParameterSetName = "Until")]
    [Parameter(ParameterSetName = "Hypercall")]
    [Parameter(ParameterSetName = "Breakpoint")]
    [Parameter(ParameterSetName = "Trap")]
    [Parameter(ParameterSetName = "Interrupt")]
    [Parameter(ParameterSetName = "ToAddress")]
    [Parameter(ParameterSetName = "Over")]
    [Parameter(ParameterSetName = "Out")]
    public SwitchParameter Back { get; set; }

    private protected override IReadOnlyList<OwnArgument> OwnArguments =>
        [new(nameof(Until), () => Given(nameof(Until)) ? Until : Count, written =>
        {
            if (written is ScriptBlock block) Until = block;
            else Count = LanguagePrimitives.ConvertTo<int>(written) is > 0 and var count ? count : throw new LguestException(LguestError.InvalidValue, "a guest steps once or more often");
        })];

    private protected override void Process(Guest guest)
    {
        CheckIsNotForNew(guest);
        if (Until is not null) until ??= new TolerantScript(Until);
        if (Back)
        {
            if (ShouldProcess(guest.Name, "Step back")) StepBack(guest);
            return;
        }
        if (ParameterSetName == "To")
        {
            if (ShouldProcess(guest.Name, $"Move to {To}")) MoveTo(guest);
            return;
        }
        if (!ShouldProcess(guest.Name, MustExplain ? $"Step: {guest.Inspector.NextStep(Instruction)}{More()}" : "Step")) return;
        StepOptions options = new()
        {
            Driver = Driver,
            Unit = Instruction ? StepUnit.Instruction : StepUnit.Standstill,
            Count = Count,
            TimeLimit = TimeLimit,
            NoReboot = NoReboot,
        };
        if (until is not null) StepUntil(guest, options);
        else Step(guest, Goal(guest, options), new RunProgress(this, guest));
        SayWhereItStands(guest);
        // Another command in the pipeline takes what is written; a person at the prompt wants to know where it stands.
        if (MyInvocation.PipelinePosition == MyInvocation.PipelineLength && guest.BreakpointHit is null) Show($"{guest.Name}: {guest.Location}");
    }

    private StepOptions Goal(Guest guest, StepOptions options) => ParameterSetName switch
    {
        "Hypercall" => options with { Unit = StepUnit.Hypercall, Hypercall = OneHypercall(guest) },
        "Trap" => options with { Unit = StepUnit.Trap, Vector = StepArguments.Vector(Trap) },
        "Interrupt" => options with { Unit = StepUnit.Interrupt, Irq = StepArguments.Irq(Interrupt) },
        "ToAddress" => options with { Unit = StepUnit.Address, Address = ToAddress.In(guest, physical: false) },
        "Over" => options with { Unit = StepUnit.Over },
        "Out" => options with { Unit = StepUnit.Out },
        "Breakpoint" => options with { Unit = StepUnit.Breakpoint },
        _ => options,
    };

    /// <summary>Nothing happens on the way back, so what is written is the guest, where it stands then.</summary>
    private void StepBack(Guest guest)
    {
        RunProgress progress = new(this, guest);
        StepOptions forwards = Goal(guest, new StepOptions { Driver = Driver, Unit = Instruction ? StepUnit.Instruction : StepUnit.Standstill });
        StepBackOptions options = new()
        {
            Driver = Driver,
            Unit = forwards.Unit,
            Count = Count,
            Hypercall = forwards.Hypercall,
            Address = forwards.Address,
            Vector = forwards.Vector,
            Irq = forwards.Irq,
            Condition = until is not null ? IsFulfilled : null,
            Pulse = progress.Pulse,
        };
        if (Travel(progress, () => guest.StepBack(options, StopToken)) is not { } reached) return;
        if (!reached) WriteWarning($"Guest '{guest.Name}' stands where its recording begins; it does not go back further.");
        WriteObject(guest);
    }

    private void MoveTo(Guest guest)
    {
        RunProgress progress = new(this, guest);
        MoveOptions options = new() { Driver = Driver, To = To, TimeLimit = TimeLimit, NoReboot = NoReboot, Pulse = progress.Pulse, Warning = Warn(guest) };
        using PresentWatch present = new(this, guest);
        if (Travel(progress, () => guest.Timeline.MoveTo(options, StopToken)) is not { } reached) return;
        if (guest.BreakpointHit is { } hit) Show($"{guest.Name}: {hit}");
        if (!reached) WriteWarning($"Guest '{guest.Name}' did not get to {To}: {guest.StateReason}.");
        WriteObject(guest);
    }

    /// <returns>Null if it was interrupted.</returns>
    private bool? Travel(RunProgress progress, Func<bool> go)
    {
        try
        {
            using IDisposable actions = HitScript.WriteTo(written => Write(written, progress));
            return go();
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        finally
        {
            progress.Hide();
        }
    }

    private void Step(Guest guest, StepOptions options, RunProgress progress)
    {
        Write(guest.Step(options with { Pulse = progress.Pulse, Warning = Warn(guest) }, StopToken), progress);
    }

    private void StepUntil(Guest guest, StepOptions options)
    {
        long start = Stopwatch.GetTimestamp();
        RunProgress progress = new(this, guest);
        do
        {
            TimeSpan? left = TimeLimit - Stopwatch.GetElapsedTime(start);
            Step(guest, options with { TimeLimit = left < TimeSpan.Zero ? TimeSpan.Zero : left }, progress);
        }
        while (guest.Standstill is Standstill.Hypercall or Standstill.RingEntry or Standstill.Dma or Standstill.Kick or Standstill.Instruction
            && !IsFulfilled(guest));
    }

    /// <summary>Asks the condition, in its own scope, with the guest as $_.</summary>
    private bool IsFulfilled(Guest guest) =>
        LanguagePrimitives.IsTrue(until!.Run(guest));

    /// <summary>What follows the first step.</summary>
    private string More() => ParameterSetName switch
    {
        _ when until is not null => "; then on until the condition holds",
        "Hypercall" => $"; then on to just before {Hypercall}",
        "Trap" => $"; then on to just before trap {Trap}",
        "Interrupt" => $"; then on to just before interrupt {Interrupt}",
        "ToAddress" => $"; then on to {ToAddress}",
        "Over" => "; over what it calls",
        "Breakpoint" => "; then on to the next breakpoint",
        "Out" => "; then on out of this function",
        _ => Count > 1 ? $"; then {Count - 1} more" : "",
    };

    private uint OneHypercall(Guest guest)
    {
        IReadOnlyList<uint> numbers = FilterArguments.HypercallNumbers(guest.Abi, Hypercall);
        return numbers is [uint only] ? only : throw Errors.AmbiguousHypercall(guest.Abi, Hypercall);
    }
}
