# Begins the module. What to do is in the loader, since .NET is quicker here: cmdlets such as Join-Path would import the modules that have them.
$ErrorActionPreference = 'Stop'
$loader = try { [Reflection.Assembly]::LoadFrom("$PSScriptRoot/bin/LguestPS.Loader.dll") }
catch [IO.FileLoadException] { [Runtime.Loader.AssemblyLoadContext]::Default.Assemblies | Where-Object { $_.GetName().Name -eq 'LguestPS.Loader' } }   # that of another copy

$problem = $loader.GetType('LguestPS.ModuleLoader')::Start($PSScriptRoot)
if ($problem) { throw [Management.Automation.ErrorRecord]::new([InvalidOperationException]::new($problem), 'OtherCopyLoaded', 'ResourceExists', $PSScriptRoot) }

# The cmdlets have a manifest of their own: PowerShell reads a manifest's types and views before it runs anything.
Import-Module "$PSScriptRoot/LguestPS.Cmdlets.psd1"
Export-ModuleMember -Cmdlet * -Alias *
