<#
.SYNOPSIS
Hypercalls per second through the PowerShell pipeline into Out-Null, as event objects and without.
.DESCRIPTION
Runs on the staged module, after dotnet build. Builds its guest, which needs make, gcc and python3.
#>
param([int] $Calls = 1000000, [int] $Rounds = 3)
$ErrorActionPreference = 'Stop'
$repository = Split-Path $PSScriptRoot
. "$PSScriptRoot/Initialize.ps1"

function Measure-Call([string] $What, [scriptblock] $Run) {
    $best = (1..$Rounds | ForEach-Object {
        $guest = New-LguestGuest -Name bench -Kernel "$repository/bench/workloads/calls.elf" -CommandLine "$Calls" -Memory 16MB
        try { (Measure-Command { & $Run $guest }).TotalSeconds } finally { Remove-LguestGuest $guest -Confirm:$false }
    } | Measure-Object -Minimum).Minimum
    '| {0} | {1:n0} |' -f $What, ($Calls / $best)
}

'| what | hypercalls/s (best) |'
'|---|---:|'
Measure-Call 'Start-LguestGuest \| Out-Null: an object for each' { param($guest) Start-LguestGuest $guest | Out-Null }
Measure-Call 'Start-LguestGuest -Hypercall SEND_DMA: filtered out' { param($guest) Start-LguestGuest $guest -Hypercall SEND_DMA | Out-Null }
Measure-Call 'Wait-LguestGuest: nobody looks' { param($guest) Wait-LguestGuest $guest | Out-Null }
