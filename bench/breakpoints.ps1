<#
.SYNOPSIS
What a breakpoint with a script block costs each time a guest comes by.
.DESCRIPTION
Runs on the staged module, after dotnet build. Builds its guest, which needs make, gcc and python3.
#>
param([int] $Calls = 20000, [int] $Rounds = 3)
$ErrorActionPreference = 'Stop'
$repository = Split-Path $PSScriptRoot
. "$PSScriptRoot/Initialize.ps1"

function Measure-Breakpoint([string] $What, [hashtable] $Breakpoint) {
    $best = (1..$Rounds | ForEach-Object {
        $guest = New-LguestGuest -Name bench -Kernel "$repository/bench/workloads/calls.elf" -CommandLine "$Calls" -Memory 16MB
        if ($Breakpoint) { $guest | Set-LguestBreakpoint @Breakpoint | Out-Null }
        try { (Measure-Command { Wait-LguestGuest $guest | Out-Null }).TotalSeconds } finally { Remove-LguestGuest $guest -Confirm:$false }
    } | Measure-Object -Minimum).Minimum
    '| {0} | {1:n2} |' -f $What, ($best / $Calls * 1e6)
}

'| breakpoint | us for each hypercall (best) |'
'|---|---:|'
Measure-Breakpoint 'none' $null
Measure-Breakpoint '-Condition { $false }' @{ Hypercall = 'FLUSH_ASYNC'; Condition = { $false } }
Measure-Breakpoint '-Condition { $_.Hypercall.Number -eq 14 }' @{ Hypercall = 'FLUSH_ASYNC'; Condition = { $_.Hypercall.Number -eq 14 } }
Measure-Breakpoint '-Action { }' @{ Hypercall = 'FLUSH_ASYNC'; Action = { } }
