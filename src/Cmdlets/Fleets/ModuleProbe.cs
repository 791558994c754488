using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Sees to it that the module is loaded on a machine, and is the one that is here.</summary>
internal static class ModuleProbe
{
    private static readonly Version Ours = typeof(ModuleProbe).Assembly.GetName().Version!;

    // It says in a word how it went, because an error of a machine without the module could be anything.
    private const string Script = """
        $ErrorActionPreference = 'Stop'
        try {
            $wanted = [version] $args[0]
            $loaded = Get-Module LguestPS
            if (-not $loaded) {
                if ($args[1]) { Import-Module $args[1] }
                else {
                    $there = @(Get-Module LguestPS -ListAvailable)
                    if ($there.Count -eq 0) { return 'None', "$($PSVersionTable.PSVersion)" }
                    $fit = $there | Where-Object Version -EQ $wanted | Select-Object -First 1
                    if (-not $fit) { return 'Other', ($there.Version -join ', ') }
                    Import-Module $fit.Path
                }
                $loaded = Get-Module LguestPS
            }
            if ($loaded.Version -ne $wanted) { return 'Other', "$($loaded.Version)" }
            'Ready', ''
        }
        catch { 'Failed', "$_" }
        """;

    /// <param name="machine">The machine.</param>
    /// <param name="path">The module's manifest there; null if it is to be found by its name.</param>
    /// <param name="stop">Stops.</param>
    /// <exception cref="MachineUnavailableException">There is none, or another.</exception>
    public static void Load(RemoteMachine machine, string? path, CancellationToken stop)
    {
        string version = $"{Ours.Major}.{Ours.Minor}.{Ours.Build}";
        IList<PSObject> answer = machine.Call(Script, stop, version, path);
        string word = answer.Count > 0 ? $"{answer[0]}" : "Failed", detail = answer.Count > 1 ? $"{answer[1]}" : "it said nothing";
        switch (word)
        {
            case "Ready":
                return;
            case "None":
                throw new MachineUnavailableException($"{machine.Name} has no module LguestPS where its PowerShell {detail} looks for modules.", $"Put version {version} into a folder of $env:PSModulePath there, or give -IncludeModule, which sends this one.");
            case "Other":
                throw new MachineUnavailableException($"{machine.Name} has LguestPS {detail}, and this is {version}: its guests could do something else.", $"Put version {version} there, or give -IncludeModule, which sends this one.");
            default:
                throw new MachineUnavailableException($"{machine.Name} cannot load the module LguestPS: {detail}", "LguestPS needs PowerShell 7.6.");
        }
    }
}
