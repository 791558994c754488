using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Puts what guests have written to their disks where it survives a crash of the machine, whether they run or not.</summary>
[Cmdlet(VerbsData.Sync, "LguestDisk")]
public sealed class SyncLguestDiskCommand : GuestCommand
{
    private protected override void Process(Guest guest) => guest.SyncDisks();
}
