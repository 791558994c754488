using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace LguestPS.Cmdlets;

/// <summary>A process of this machine, for one guest at a time: what happens to it happens to no other.</summary>
internal sealed class ProcessMachine(int number, FleetFiles files) : RemoteMachine($"{Environment.MachineName} (process {number})", files)
{
    public override bool CanBeReplaced => true;

    protected override bool SharesFiles => true;

    protected override string? HostName => null;

    public override void Open(GuestMatrix matrix, FleetOptions options, CancellationToken stop) => base.Open(matrix, options with { Slots = 1, IncludeModule = false }, stop);

    protected override string? ModulePath(FleetOptions options) => options.ModulePath;

    protected override Runspace Connect(CancellationToken stop)
    {
        Runspace process = RunspaceFactory.CreateOutOfProcessRunspace(null);
        try
        {
            process.Open();
            return process;
        }
        catch (RuntimeException e)
        {
            process.Dispose();
            throw new MachineUnavailableException($"No process of PowerShell can be started: {e.Message}", "Leave -Isolation out, and guests run in this one.", e);
        }
    }

    protected override void Disconnect(Runspace connected) => connected.Dispose();
}
