using System.Management.Automation;
using System.Net;

namespace LguestPS.Cmdlets;

/// <summary>Lets gdb debug a guest, until it detaches or Ctrl-C.</summary>
[Cmdlet(VerbsLifecycle.Start, "LguestGdbServer", SupportsShouldProcess = true)]
[OutputType(typeof(HypercallEvent), typeof(DmaEvent), typeof(TrapEvent), typeof(InterruptEvent), typeof(InterventionEvent), typeof(GuestEndedEvent), typeof(Guest))]
public sealed class StartLguestGdbServerCommand : GuestCommand
{
    private const int UsualPort = 1234;

    [Parameter]
    [ValidateRange(0, 65535)]
    public int Port { get; set; } = UsualPort;

    [Parameter]
    public IPAddress Address { get; set; } = IPAddress.Loopback;

    [Parameter]
    public EventKinds[]? Kind { get; set; }

    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override void Process(Guest guest)
    {
        if (!ShouldProcess(guest.Name, $"Let gdb debug it at {Address}:{Port}")) return;
        EventFilter filter = Kind is null ? new EventFilter { Kinds = EventKinds.Intervention } : FilterArguments.For(guest, Kind, hypercalls: null, devices: null);
        using GdbServer server = new(guest, Address, Port) { Filter = filter, Happened = WriteObject };
        WriteInformation(new HostInformationMessage { Message = $"{guest.Name}: target remote {server.EndPoint}" }, ["PSHOST"]);
        Action<PSObject>? outer = HitScript.Output;
        HitScript.Output = WriteObject;
        try
        {
            server.Serve(StopToken);
        }
        finally
        {
            HitScript.Output = outer;
        }
        if (PassThru) WriteObject(guest);
    }
}
