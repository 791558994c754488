using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>The tables of descriptors.</summary>
public enum DescriptorTableName
{
    /// <summary>The segment descriptors.</summary>
    Gdt,

    /// <summary>The interrupt gates.</summary>
    Idt,
}

/// <summary>Gets the segment descriptors or the interrupt gates a guest has set.</summary>
[Cmdlet(VerbsCommon.Get, "LguestDescriptor")]
[OutputType(typeof(GuestDescriptor), typeof(GuestGate))]
public sealed class GetLguestDescriptorCommand : GuestCommand
{
    [Parameter(Position = 1)]
    public DescriptorTableName Table { get; set; } = DescriptorTableName.Gdt;

    private protected override IReadOnlyList<OwnArgument> OwnArguments => [OwnArgument.Of<DescriptorTableName>(nameof(Table), () => Table, value => Table = value)];

    private protected override void Process(Guest guest)
    {
        if (Table == DescriptorTableName.Gdt) WriteObject(guest.Inspector.Descriptors(), enumerateCollection: true);
        else WriteObject(guest.Inspector.Gates(), enumerateCollection: true);
    }
}
