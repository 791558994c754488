using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Sets registers of a guest that nobody drives.</summary>
[Cmdlet(VerbsCommon.Set, "LguestRegister", DefaultParameterSetName = "Name", SupportsShouldProcess = true)]
[OutputType(typeof(GuestRegister))]
public sealed class SetLguestRegisterCommand : GuestCommand
{
    [Parameter(ParameterSetName = "Name", Mandatory = true, Position = 1)]
    [ArgumentCompleter(typeof(RegisterNameCompleter))]
    [ValidateNotNullOrEmpty]
    public string Register { get; set; } = "";

    [Parameter(ParameterSetName = "Name", Mandatory = true, Position = 2)]
    [ValidateNotNull]
    public object Value { get; set; } = 0;

    [Parameter(ParameterSetName = "State", Mandatory = true, ValueFromPipeline = true)]
    public GuestRegister[] State { get; set; } = [];

    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override void Process(Guest guest)
    {
        if (ParameterSetName == "Name") Set(guest, Register, Value is PSObject wrapped ? wrapped.BaseObject : Value);
        else foreach (GuestRegister saved in State) Set(guest, saved.Name, saved.Bits);
    }

    private void Set(Guest guest, string register, object value)
    {
        InterventionChange change = guest.Inspector.PlanRegister(register, value);
        if (!ShouldProcess(guest.Name, $"Set {change}")) return;
        guest.Inspector.SetRegister(register, value, MyInvocation.MyCommand.Name);
        if (PassThru) WriteObject(guest.Inspector.Registers().First(now => now.Name == change.Target));
    }
}
