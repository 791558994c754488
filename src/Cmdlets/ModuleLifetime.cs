using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace LguestPS.Cmdlets;

/// <summary>Frees every guest when the last runspace that imported the module removes it.</summary>
public sealed class ModuleLifetime : IModuleAssemblyInitializer, IModuleAssemblyCleanup
{
    private static readonly HashSet<Runspace> Users = [];

    public void OnImport()
    {
        lock (Users) Users.Add(Runspace.DefaultRunspace);
    }

    public void OnRemove(PSModuleInfo psModuleInfo)
    {
        lock (Users)
        {
            Users.Remove(Runspace.DefaultRunspace);
            // A runspace that was closed, as those of ForEach-Object -Parallel are, never says goodbye.
            Users.RemoveWhere(runspace => runspace.RunspaceStateInfo.State is RunspaceState.Closed or RunspaceState.Broken);
            if (Users.Count == 0) GuestRegistry.Clear();
        }
    }
}
