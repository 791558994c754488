using System.Diagnostics;
using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Moves a guest to its next standstill, or further, and writes what was done on the way.</summary>
[Cmdlet(VerbsCommon.Step, "LguestGuest", DefaultParameterSetName = "Count", SupportsShouldProcess = true)]
[OutputType(typeof(HypercallEvent), typeof(DmaEvent), typeof(TrapEvent), typeof(InterruptEvent), typeof(InterventionEvent), typeof(GuestEndedEvent))]
public sealed class StepLguestGuestCommand : RunningCommand
{
    [Parameter(ParameterSetName = "Count")]
    [Parameter(ParameterSetName = "Hypercall")]
    [ValidateRange(1, int.MaxValue)]
    public int Count { get; set; } = 1;

    [Parameter(ParameterSetName = "Until", Mandatory = true, Position = 1)]
    public ScriptBlock Until { get; set; } = null!;

    [Parameter(ParameterSetName = "Hypercall", Mandatory = true)]
    [ArgumentCompleter(typeof(HypercallCompleter))]
    public string Hypercall { get; set; } = "";

    [Parameter(ParameterSetName = "Count")]
    [Parameter(ParameterSetName = "Until")]
    public SwitchParameter Instruction { get; set; }

    private protected override void Process(Guest guest)
    {
        if (!ShouldProcess(guest.Name, MustExplain ? $"Step: {guest.Inspector.NextStep(Instruction)}{More()}" : "Step")) return;
        StepOptions options = new()
        {
            Driver = Driver,
            Unit = Instruction ? StepUnit.Instruction : StepUnit.Standstill,
            Count = Count,
            TimeLimit = TimeLimit,
        };
        switch (ParameterSetName)
        {
            case "Until":
                StepUntil(guest, options);
                break;
            case "Hypercall":
                Step(guest, options with { Unit = StepUnit.Hypercall, Hypercall = OneHypercall(guest) });
                break;
            default:
                Step(guest, options);
                break;
        }
        SayWhereItStands(guest);
    }

    private void Step(Guest guest, StepOptions options)
    {
        RunProgress progress = new(this, guest);
        foreach (LguestEvent happened in WithWarnings(guest, guest.Step(options with { Pulse = progress.Pulse }, StopToken)))
        {
            progress.Hide();
            WriteObject(happened);
        }
        progress.Hide();
    }

    private void StepUntil(Guest guest, StepOptions options)
    {
        long start = Stopwatch.GetTimestamp();
        do
        {
            TimeSpan? left = TimeLimit - Stopwatch.GetElapsedTime(start);
            Step(guest, options with { TimeLimit = left < TimeSpan.Zero ? TimeSpan.Zero : left });
        }
        while (guest.Standstill is Standstill.Hypercall or Standstill.RingEntry or Standstill.Dma or Standstill.Instruction
            && !IsFulfilled(guest));
    }

    /// <summary>Asks the condition, in its own scope, with the guest as $_.</summary>
    private bool IsFulfilled(Guest guest) =>
        LanguagePrimitives.IsTrue(Until.InvokeWithContext(null, [new PSVariable("_", guest)]));

    /// <summary>What follows the first step.</summary>
    private string More() => ParameterSetName switch
    {
        "Until" => "; then on until the condition holds",
        "Hypercall" => $"; then on to just before {Hypercall}",
        _ => Count > 1 ? $"; then {Count - 1} more" : "",
    };

    private uint OneHypercall(Guest guest)
    {
        IReadOnlyList<uint> numbers = FilterArguments.HypercallNumbers(guest.Abi, Hypercall);
        return numbers is [uint only] ? only : throw Errors.AmbiguousHypercall(guest.Abi, Hypercall);
    }
}
