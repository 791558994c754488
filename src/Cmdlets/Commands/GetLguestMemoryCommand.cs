using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Reads the memory of a guest that stands still: bytes, or numbers, texts and structures.</summary>
[Cmdlet(VerbsCommon.Get, "LguestMemory", DefaultParameterSetName = "Bytes")]
[OutputType(typeof(MemoryBlock), typeof(byte[]), ParameterSetName = ["Bytes"])]
[OutputType(typeof(MemoryValue), typeof(MemoryStructure), ParameterSetName = ["Typed"])]
public sealed class GetLguestMemoryCommand : AddressCommand
{
    [Parameter]
    public SwitchParameter Physical { get; set; }

    [Parameter(ParameterSetName = "Bytes")]
    [ValidateRange(1, 1 << 30)]
    public int Length { get; set; } = 256;

    [Parameter(ParameterSetName = "Bytes")]
    public SwitchParameter Raw { get; set; }

    [Parameter(ParameterSetName = "Typed", Mandatory = true)]
    public MemoryType As { get; set; }

    [Parameter(ParameterSetName = "Typed")]
    [ValidateRange(1, 1 << 20)]
    public int Count { get; set; } = 1;

    private protected override void Process(Guest guest, AddressArgument address)
    {
        bool physical = Physical || address.IsPhysical;
        uint at = address.In(guest, physical);
        if (ParameterSetName == "Typed")
        {
            ReadTyped(guest, at, physical);
            return;
        }
        MemoryBlock block = guest.Inspector.ReadMemory(at, Length, physical);
        WriteObject(Raw ? block.Bytes : block, enumerateCollection: false);
    }

    private protected override void ProcessWithoutAddress(Guest guest)
    {
        switch (ParameterSetName, As)
        {
            case ("Typed", MemoryType.LguestData):
                Process(guest, new AddressArgument("lguest_data"));
                break;
            case ("Typed", MemoryType.BootParameters):
                ReadTyped(guest, 0, physical: true);
                break;
            default:
                base.ProcessWithoutAddress(guest);
                break;
        }
    }

    private void ReadTyped(Guest guest, uint address, bool physical)
    {
        for (int left = Count; left > 0; left--)
        {
            AddressView view = guest.Inspector.ReadMemory(address, As, physical);
            WriteObject(view is MemoryStructure structure ? WithFields(structure) : view);
            uint next = address + (uint)(view is MemoryStructure { Size: var bytes } ? bytes : ((MemoryValue)view).Size);
            if (next < address) break;
            address = next;
        }
    }

    /// <summary>The fields as properties, too, so that a script can write $data.tsc_khz.</summary>
    private static PSObject WithFields(MemoryStructure structure)
    {
        PSObject shown = new(structure);
        foreach (MemoryField field in structure.Fields)
            if (shown.Properties[field.Name] is null) shown.Properties.Add(new PSNoteProperty(field.Name, field.Value));
        return shown;
    }
}
