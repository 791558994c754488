using System.Management.Automation;
using System.Text;

namespace LguestPS.Cmdlets;

/// <summary>Writes the memory of a guest that is not being driven.</summary>
[Cmdlet(VerbsCommon.Set, "LguestMemory", DefaultParameterSetName = "Value", SupportsShouldProcess = true)]
[OutputType(typeof(MemoryBlock))]
public sealed class SetLguestMemoryCommand : AddressCommand
{
    [Parameter]
    public SwitchParameter Physical { get; set; }

    // PowerShell would ask for it if it were mandatory.
    [Parameter(ParameterSetName = "Value", Position = 2)]
    [ValidateNotNullOrEmpty]
    public object[] Value { get; set; } = [];

    [Parameter(ParameterSetName = "Value")]
    [ValidateSet("Byte", "SByte", "UInt16", "Int16", "UInt32", "Int32", "UInt64", "Int64")]
    public MemoryType As { get; set; } = MemoryType.UInt32;

    [Parameter(ParameterSetName = "Bytes", Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public byte[] Bytes { get; set; } = [];

    [Parameter(ParameterSetName = "Text", Mandatory = true)]
    [AllowEmptyString]
    public string Text { get; set; } = "";

    [Parameter(ParameterSetName = "Text")]
    public SwitchParameter ZeroTerminated { get; set; }

    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override IReadOnlyList<OwnArgument> OwnArguments => [AddressPlace, OwnArgument.Of<object[]>(nameof(Value), () => Value, value => Value = value)];

    private protected override void Process(Guest guest, AddressArgument address)
    {
        if (ParameterSetName == "Value" && Value.Length == 0) ThrowTerminatingError(Errors.ArgumentMissing("What to write", "Value", "Bytes", "Text"));
        bool physical = Physical || address.IsPhysical;
        uint at = address.In(guest, physical);
        byte[] bytes = ParameterSetName switch
        {
            "Bytes" => Bytes,
            "Text" => Encoding.UTF8.GetBytes(ZeroTerminated ? Text + "\0" : Text),
            _ => [.. Value.SelectMany(value => Number(guest, value))],
        };
        IReadOnlyList<InterventionChange> changes = guest.Inspector.PlanMemory(at, bytes, physical);
        if (!ShouldProcess(guest.Name, $"Write {bytes.Length} bytes: {string.Join(", ", changes)}")) return;
        guest.Inspector.WriteMemory(at, bytes, MyInvocation.MyCommand.Name, physical);
        if (PassThru) WriteObject(guest.Inspector.ReadMemory(at, bytes.Length, physical));
    }

    private byte[] Number(Guest guest, object given)
    {
        object value = given is PSObject wrapped ? wrapped.BaseObject : given;
        if (!LanguagePrimitives.TryConvertTo(value, out long number)) number = value is string expression ? guest.Inspector.Address(expression) : throw Errors.DoesNotFit(value, As);
        return GuestInspector.Encode(As, number) is { } bytes
            ? bytes : throw Errors.DoesNotFit(value, As);
    }
}
