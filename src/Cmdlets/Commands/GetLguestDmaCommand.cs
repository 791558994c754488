using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Gets the arrays of DMA buffers a guest has bound.</summary>
[Cmdlet(VerbsCommon.Get, "LguestDma")]
[OutputType(typeof(BoundDmaArray))]
public sealed class GetLguestDmaCommand : GuestCommand
{
    private protected override void Process(Guest guest) => WriteObject(guest.Inspector.DmaArrays(), enumerateCollection: true);
}
