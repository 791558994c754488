using System.Collections;
using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Makes a guest that plays given traps, without any CPU.</summary>
[Cmdlet(VerbsCommon.New, "LguestScriptedGuest", SupportsShouldProcess = true)]
[OutputType(typeof(Guest))]
public sealed class NewLguestScriptedGuestCommand : LguestCommand
{
    private readonly List<Hashtable> steps = [];

    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [AllowEmptyCollection]
    public Hashtable[] Step { get; set; } = [];

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "script";

    [Parameter]
    [ArgumentCompleter(typeof(AbiProfileCompleter))]
    public string Abi { get; set; } = AbiProfile.DefaultName;

    [Parameter]
    public ClockKind Clock { get; set; } = ClockKind.Virtual;

    [Parameter]
    public SwitchParameter NoInitialisation { get; set; }

    protected override void ProcessRecord() => steps.AddRange(Step);

    protected override void EndProcessing()
    {
        try
        {
            GuestScript script = new(Abi);
            if (!NoInitialisation) script.Initialise();
            foreach (Hashtable step in steps) ScriptedStep.AddTo(script, step);
            if (ShouldProcess(Name, $"Make a guest that plays {steps.Count} steps")) WriteObject(GuestRegistry.Add(Name, name => script.Create(name, Clock)));
        }
        catch (LguestException e)
        {
            ThrowTerminatingError(Errors.From(e, Name));
        }
    }
}
