using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace LguestPS.Cmdlets;

/// <summary>A session that the user has opened, and that stays open.</summary>
internal sealed class SessionMachine(PSSession session, FleetFiles files) : RemoteMachine(session.ComputerName, files)
{
    protected override Runspace Connect(CancellationToken stop) => session.Runspace.RunspaceStateInfo.State == RunspaceState.Opened
        ? session.Runspace
        : throw new MachineUnavailableException($"{Name}: session {session.Id} is {session.Runspace.RunspaceStateInfo.State}, not Opened.", "Open another with New-PSSession.");

    protected override void Disconnect(Runspace connected)
    {
    }
}

/// <summary>A machine that is reached by SSH, for as long as the matrix runs.</summary>
/// <param name="name">How the user wrote it.</param>
/// <param name="connection">The parameters of New-PSSession.</param>
/// <param name="files">The files of the matrix.</param>
internal sealed class SshMachine(string name, IReadOnlyDictionary<string, object> connection, FleetFiles files) : RemoteMachine(name, files)
{
    // A session belongs to the runspace that opened it.
    private readonly Runspace opener = RunspaceFactory.CreateRunspace(InitialSessionState.CreateDefault2());

    protected override Runspace Connect(CancellationToken stop)
    {
        if (SshDiagnosis.Obstacle(connection, stop) is { } obstacle) throw Unreachable(obstacle, null);
        opener.Open();
        using PowerShell shell = PowerShell.Create();
        shell.Runspace = opener;
        shell.AddCommand("New-PSSession").AddParameter("ErrorAction", ActionPreference.Continue);
        foreach ((string parameter, object value) in connection) shell.AddParameter(parameter, value);
        using CancellationTokenRegistration registration = stop.Register(() => shell.BeginStop(null, null));
        try
        {
            if (shell.Invoke() is [{ BaseObject: PSSession session }]) return session.Runspace;
            throw Unreachable(shell.Streams.Error is [var first, ..] ? first.Exception : null, stop);
        }
        catch (RuntimeException e)
        {
            throw Unreachable(e, stop);
        }
    }

    private MachineUnavailableException Unreachable(Exception? why, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        return Unreachable(SshDiagnosis.Reason(connection, stop) ?? why?.Message.Trim() ?? "nobody says why", why);
    }

    private MachineUnavailableException Unreachable(string reason, Exception? why) => new(
        $"{Name} cannot be reached: {reason}",
        "See whether 'ssh' leads there with this user and key, and whether its sshd has a 'Subsystem powershell' that is 'pwsh -sshs'.",
        why);

    public override void Dispose()
    {
        base.Dispose();
        opener.Dispose();
    }

    protected override void Disconnect(Runspace connected) => connected.Dispose();
}
