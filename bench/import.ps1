<#
.SYNOPSIS
What Import-Module LguestPS adds to the start of PowerShell: the medians of both, measured in turn.
.DESCRIPTION
Runs on the staged module, after dotnet build with StageReadyToRun (the default).
#>
param([int] $Rounds = 15, [string] $Module = (Join-Path $PSScriptRoot .. out LguestPS))
$ErrorActionPreference = 'Stop'
if (-not (Test-Path $Module)) { throw "$([IO.Path]::GetFullPath($Module)) does not exist: run 'dotnet build' in $(Split-Path $PSScriptRoot) first" }
$Module = (Resolve-Path $Module).Path

function Measure-Start([string] $Command) { (Measure-Command { pwsh -NoProfile -NonInteractive -Command $Command }).TotalMilliseconds }
function Get-Median([double[]] $Times) { ($Times | Sort-Object)[[Math]::Floor($Times.Count / 2)] }

$import = "Import-Module '$Module'"
Measure-Start $import | Out-Null        # the files are read once
$bare, $with = [Collections.Generic.List[double]]::new(), [Collections.Generic.List[double]]::new()
foreach ($round in 1..$Rounds) {
    $bare.Add((Measure-Start 'exit'))
    $with.Add((Measure-Start $import))
}

'| what | ms (median of {0}) |' -f $Rounds
'|---|---:|'
'| pwsh | {0:n0} |' -f (Get-Median $bare)
'| pwsh, Import-Module LguestPS | {0:n0} |' -f (Get-Median $with)
'| what the module adds | {0:n0} |' -f ((Get-Median $with) - (Get-Median $bare))
