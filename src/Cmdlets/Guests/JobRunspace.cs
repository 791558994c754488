using System.Management.Automation.Runspaces;

namespace LguestPS.Cmdlets;

/// <summary>The runspace of a job's thread: where script blocks of breakpoints run while the job drives its guest. Opened when the first of them does.</summary>
internal sealed class JobRunspace : IDisposable
{
    [ThreadStatic]
    private static JobRunspace? current;

    private Runspace? runspace;

    public JobRunspace() => current = this;

    /// <summary>Gives this thread a runspace if it is a job's and has none yet.</summary>
    public static void Need()
    {
        if (current is not { runspace: null } job) return;
        InitialSessionState state = InitialSessionState.CreateDefault();
        state.ImportPSModule([ModuleManifest.Path]);
        job.runspace = RunspaceFactory.CreateRunspace(state);
        job.runspace.Open();
        Runspace.DefaultRunspace = job.runspace;
    }

    public void Dispose()
    {
        current = null;
        if (runspace is null) return;
        Runspace.DefaultRunspace = null;
        runspace.Dispose();
    }
}
