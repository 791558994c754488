using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Shows the instructions of a guest that stands still, from where it stands or from an address on, or those of a function.</summary>
[Cmdlet(VerbsCommon.Get, "LguestDisassembly", DefaultParameterSetName = "Address")]
[OutputType(typeof(DisassembledInstruction))]
public sealed class GetLguestDisassemblyCommand : AddressCommand
{
    private const int MostOfFunction = 1 << 16;

    [Parameter]
    [ValidateRange(1, 1 << 20)]
    public int Count { get; set; } = 16;

    [Parameter(ParameterSetName = "Function", Mandatory = true)]
    [ArgumentCompleter(typeof(AddressCompleter))]
    public AddressArgument Function { get; set; } = null!;

    [Parameter]
    public DisassemblySyntax Syntax { get; set; } = DisassemblySyntax.Gas;

    private protected override void Process(Guest guest, AddressArgument address)
    {
        if (ParameterSetName == "Function") ProcessWithoutAddress(guest);
        else Show(guest, address.In(guest, physical: false), Count, uint.MaxValue);
    }

    private protected override void ProcessWithoutAddress(Guest guest)
    {
        if (ParameterSetName == "Function")
        {
            (uint first, uint end) = guest.Inspector.Function(Function.In(guest, physical: false));
            Show(guest, first, Given(nameof(Count)) ? Count : MostOfFunction, end);
        }
        else
        {
            Show(guest, guest.Registers.Eip, Count, uint.MaxValue);
        }
    }

    private void Show(Guest guest, uint address, int count, uint end)
    {
        foreach (DisassembledInstruction instruction in guest.Inspector.Disassemble(address, count, end, Syntax)) WriteObject(instruction);
    }
}
