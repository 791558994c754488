using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Gets the segment descriptors or the interrupt gates a guest has set.</summary>
[Cmdlet(VerbsCommon.Get, "LguestDescriptor")]
[OutputType(typeof(GuestDescriptor), typeof(GuestGate))]
public sealed class GetLguestDescriptorCommand : GuestCommand
{
    [Parameter(Position = 1)]
    [ValidateSet("Gdt", "Idt")]
    public string Table { get; set; } = "Gdt";

    private protected override void Process(Guest guest)
    {
        if (string.Equals(Table, "Gdt", StringComparison.OrdinalIgnoreCase)) WriteObject(guest.Inspector.Descriptors(), enumerateCollection: true);
        else WriteObject(guest.Inspector.Gates(), enumerateCollection: true);
    }
}
