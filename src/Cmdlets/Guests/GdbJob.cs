using System.Management.Automation;
using System.Net;

namespace LguestPS.Cmdlets;

/// <summary>A job that lets gdb debug a guest, while the prompt is there for whoever wants to look at it, too.</summary>
public sealed class GdbJob : GuestJob
{
    private readonly GdbServer server;

    internal GdbJob(Guest guest, string command, IPAddress address, int port, EventFilter filter, int newest)
        : base(guest, command, newest, madeGuest: false)
    {
        server = new GdbServer(guest, address, port) { Filter = filter, Happened = Keep, Warning = Warn };
        PSJobTypeName = "LguestGdb";
    }

    /// <summary>Where gdb is waited for.</summary>
    public IPEndPoint EndPoint => server.EndPoint;

    public override string Location => $"{EndPoint}";

    /// <summary>Where gdb is waited for, or works, and where the guest stands.</summary>
    public override string StatusMessage => JobStateInfo.State == JobState.Running ? $"gdb at {EndPoint}; {base.StatusMessage}" : base.StatusMessage;

    /// <summary>Lets gdb go, or stops waiting for it. The guest stays where it stands and can be run on.</summary>
    public override void StopJob()
    {
        base.StopJob();
        server.Dispose();
    }

    private protected override JobState? Drive(CancellationToken leave)
    {
        server.Serve(leave);
        if (leave.IsCancellationRequested) return null;
        server.Dispose();
        return JobState.Completed;
    }
}
