using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Shows how a guest that stands still has its memory mapped: one address, a whole page directory, or what two differ in.</summary>
[Cmdlet(VerbsCommon.Get, "LguestPageTable", DefaultParameterSetName = "Walk")]
[OutputType(typeof(PageTableWalk), ParameterSetName = ["Walk"])]
[OutputType(typeof(PageRange), ParameterSetName = ["Tree"])]
[OutputType(typeof(PageDifference), ParameterSetName = ["Difference"])]
public sealed class GetLguestPageTableCommand : AddressCommand
{
    [Parameter(ParameterSetName = "Tree", Mandatory = true)]
    public SwitchParameter Tree { get; set; }

    [Parameter(ParameterSetName = "Difference", Mandatory = true)]
    [ArgumentCompleter(typeof(AddressCompleter))]
    public AddressArgument Difference { get; set; } = null!;

    [Parameter]
    [ArgumentCompleter(typeof(AddressCompleter))]
    public AddressArgument? Directory { get; set; }

    private protected override void Process(Guest guest, AddressArgument address)
    {
        if (ParameterSetName == "Walk") WriteObject(guest.Inspector.WalkPageTables(address.In(guest, physical: false), Directory?.In(guest, physical: true)));
        else ProcessWithoutAddress(guest);
    }

    private protected override void ProcessWithoutAddress(Guest guest)
    {
        uint? directory = Directory?.In(guest, physical: true);
        switch (ParameterSetName)
        {
            case "Tree":
                foreach (PageRange range in guest.Inspector.MappedPages(directory, StopToken)) WriteObject(range);
                break;
            case "Difference":
                foreach (PageDifference difference in guest.Inspector.ComparePages(Difference.In(guest, physical: true), directory, StopToken)) WriteObject(difference);
                break;
            default:
                WriteObject(guest.Inspector.WalkPageTables(guest.Registers.Eip, directory));
                break;
        }
    }
}
