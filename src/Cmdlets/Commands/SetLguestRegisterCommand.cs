using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Sets registers of a guest that is not being driven.</summary>
[Cmdlet(VerbsCommon.Set, "LguestRegister", DefaultParameterSetName = "Name", SupportsShouldProcess = true)]
[OutputType(typeof(GuestRegister))]
public sealed class SetLguestRegisterCommand : GuestCommand
{
    // An object, because it is the place of the value after a pipe. Neither is mandatory to PowerShell, which would ask for it then.
    [Parameter(ParameterSetName = "Name", Position = 1)]
    [ArgumentCompleter(typeof(RegisterNameCompleter))]
    [ValidateNotNullOrEmpty]
    public object? Register { get; set; }

    [Parameter(ParameterSetName = "Name", Position = 2)]
    [ValidateNotNull]
    public object? Value { get; set; }

    [Parameter(ParameterSetName = "State", Mandatory = true, ValueFromPipeline = true)]
    public GuestRegister[] State { get; set; } = [];

    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override IReadOnlyList<OwnArgument> OwnArguments =>
        [new(nameof(Register), () => Register, value => Register = value), new(nameof(Value), () => Value, value => Value = value)];

    private protected override bool IsGuest(GuestArgument piped) => ParameterSetName == "Name";

    private protected override void Process(Guest guest)
    {
        if (ParameterSetName == "Name")
        {
            if (Register is null) ThrowTerminatingError(Errors.ArgumentMissing("The register", nameof(Register)));
            if (Value is null) ThrowTerminatingError(Errors.ArgumentMissing("The register's value", nameof(Value)));
            Set(guest, $"{Register}", Value is PSObject wrapped ? wrapped.BaseObject : Value!);
        }
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
