using System.Management.Automation;
using System.Net;

namespace LguestPS.Cmdlets;

/// <summary>Lets gdb debug a guest, until it detaches or Ctrl-C.</summary>
[Cmdlet(VerbsLifecycle.Start, "LguestGdbServer", DefaultParameterSetName = "Here", SupportsShouldProcess = true)]
[OutputType(typeof(HypercallEvent), typeof(DmaEvent), typeof(KickEvent), typeof(VirtqueueEvent), typeof(TrapEvent), typeof(InterruptEvent), typeof(InterventionEvent), typeof(GuestRebootedEvent), typeof(GuestEndedEvent), typeof(Guest))]
[OutputType(typeof(GdbJob), ParameterSetName = ["Job"])]
public sealed class StartLguestGdbServerCommand : GuestCommand
{
    private const int UsualPort = 1234;

    [Parameter]
    [ValidateRange(0, 65535)]
    public int Port { get; set; } = UsualPort;

    [Parameter]
    public IPAddress Address { get; set; } = IPAddress.Loopback;

    [Parameter]
    [EventKindArgument]
    public EventKinds[]? Kind { get; set; }

    [Parameter(ParameterSetName = "Here")]
    public SwitchParameter PassThru { get; set; }

    [Parameter(ParameterSetName = "Job", Mandatory = true)]
    public SwitchParameter AsJob { get; set; }

    [Parameter(ParameterSetName = "Job")]
    [ValidateRange(0, 1_000_000)]
    public int Newest { get; set; } = GuestJob.DefaultNewest;

    private protected override void Process(Guest guest)
    {
        if (!ShouldProcess(guest.Name, $"Let gdb debug it at {Address}:{Port}")) return;
        EventFilter filter = Kind is null ? new EventFilter { Kinds = EventKinds.Intervention } : FilterArguments.For(guest, Kind, hypercalls: null, devices: null);
        if (AsJob)
        {
            StartJob(guest, filter);
            return;
        }
        using GdbServer server = new(guest, Address, Port) { Filter = filter, Happened = WriteObject, Warning = Warn(guest) };
        SayWhere(guest, server.EndPoint);
        using (HitScript.WriteTo(WriteObject)) server.Serve(StopToken);
        if (PassThru) WriteObject(guest);
    }

    private void StartJob(Guest guest, EventFilter filter)
    {
        if (guest.Driver is not null || (GuestRegistry.TryGetJob(guest, out GuestJob? other) && !other.IsOver)) throw Errors.Busy(guest);
        GdbJob job = new(guest, MyInvocation.Line.Trim(), Address, Port, filter, Newest);
        JobRepository.Add(job);
        GuestRegistry.SetJob(guest, job);
        job.Begin();
        SayWhere(guest, job.EndPoint);
        WriteObject(job);
    }

    private void SayWhere(Guest guest, IPEndPoint place) =>
        WriteInformation(new HostInformationMessage { Message = $"{guest.Name}: target remote {place}" }, ["PSHOST"]);
}
