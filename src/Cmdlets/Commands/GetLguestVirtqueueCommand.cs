using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Gets the virtqueues of a guest's devices, with what waits in them.</summary>
[Cmdlet(VerbsCommon.Get, "LguestVirtqueue")]
[OutputType(typeof(GuestVirtqueue))]
public sealed class GetLguestVirtqueueCommand : GuestCommand
{
    [Parameter]
    [ArgumentCompleter(typeof(DeviceNameCompleter))]
    [SupportsWildcards]
    public string[]? Device { get; set; }

    [Parameter]
    [ValidateRange(0, byte.MaxValue)]
    public int[]? Queue { get; set; }

    private protected override void Process(Guest guest)
    {
        if (guest.Abi.Devices == DeviceInterface.Dma) throw Errors.NoVirtqueues(guest);
        HashSet<string>? names = Device is null ? null : [.. Device.SelectMany(name => FilterArguments.DeviceNames(guest, name))];
        foreach (GuestVirtqueue queue in guest.Inspector.Virtqueues())
            if (names?.Contains(queue.Device) != false && Queue?.Contains(queue.Queue) != false) WriteObject(queue);
    }
}
