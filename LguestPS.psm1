# Begins the module: no other copy of it may be loaded, and what it brings along gets a load context of its own.
$system = $IsWindows ? 'win' : $IsMacOS ? 'osx' : 'linux'
$platform = "$system-$([Runtime.InteropServices.RuntimeInformation]::ProcessArchitecture)".ToLowerInvariant()
# What is compiled ahead of time is loaded by its own platform only.
$library = $platform, 'any' | ForEach-Object { [IO.Path]::Combine($PSScriptRoot, 'bin', $_, 'LguestPS.dll') } | Where-Object { [IO.File]::Exists($_) } | Select-Object -First 1

foreach ($assembly in [Runtime.Loader.AssemblyLoadContext]::Default.Assemblies) {
    if ($assembly.GetName().Name -ne 'LguestPS' -or $assembly.Location -eq $library) { continue }
    # PowerShell would go on with the code that is there, and the types of both.
    $wanted = (Import-PowerShellDataFile (Join-Path $PSScriptRoot LguestPS.psd1)).ModuleVersion
    $loaded = $assembly.GetName().Version.ToString(3)
    throw [Management.Automation.ErrorRecord]::new(
        [InvalidOperationException]::new("LguestPS $wanted cannot be imported from '$PSScriptRoot': this PowerShell has loaded LguestPS $loaded from '$($assembly.Location | Split-Path | Split-Path | Split-Path)', and code that is loaded stays until PowerShell ends. Start a new session and import LguestPS $wanted in it first."),
        'OtherVersionLoaded', 'ResourceExists', $PSScriptRoot)
}

[Reflection.Assembly]::LoadFrom($library).GetType('LguestPS.Cmdlets.ModuleAssemblies')::Isolate()
Import-Module (Join-Path $PSScriptRoot LguestPS.Cmdlets.psd1)
Export-ModuleMember -Cmdlet * -Alias *
