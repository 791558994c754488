<#
.SYNOPSIS
Boots of the minikernel in this process and on three machines over SSH, and event objects per second over SSH.
.DESCRIPTION
Runs on the staged module, after dotnet build. The machines are three sshd on loopback ports, so that both have the same processors. Needs openssh-server.
#>
param([int] $Boots = 64, [int] $Rounds = 3, [int] $Events = 50000, [int] $Slots = [Environment]::ProcessorCount)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$repository = Split-Path $PSScriptRoot
. "$PSScriptRoot/Initialize.ps1"
. "$repository/tests/Pester/Sshd.ps1"
if ($obstacle = Get-SshdObstacle) { throw "this measurement needs an SSH server: $obstacle" }

$folder = [IO.Directory]::CreateTempSubdirectory('lguest-bench-').FullName
$machines = 'one', 'two', 'three' | ForEach-Object { Start-Sshd "$folder/$_" @{ PSModulePath = "$repository/out" } }
try {
    $matrix = Get-LguestMatrix -Definition @{ kernel = "$repository/tests/guests/minikernel/minikernel.elf"; memory = '32MiB' } -Parameter @{ clock = 'virtual' } -Repeat $Boots -Record Never

    # Sessions that are open and have the module, as those of a night are after their first minute.
    $sessions = $machines.Connection | ForEach-Object { New-PSSession -HostName $_.HostName -Port $_.Port -UserName $_.UserName -KeyFilePath $_.KeyFilePath -Options $_.Options }
    Invoke-Command $sessions { Import-Module LguestPS }
    $share = [Math]::Max(1, [Math]::Ceiling($Slots / 3))

    function Best([scriptblock] $Run) { (1..$Rounds | ForEach-Object { (Measure-Command { & $Run }).TotalSeconds } | Measure-Object -Minimum).Minimum }
    $null = $matrix | Invoke-LguestMatrix -Index 0          # what is compiled once
    $here = Best { if (@($matrix | Invoke-LguestMatrix -ThrottleLimit $Slots | Where-Object Outcome -EQ Passed).Count -ne $Boots) { throw 'not all passed' } }
    $open = Best { if (@($matrix | Invoke-LguestMatrix -Session $sessions -ThrottleLimit $share | Where-Object Outcome -EQ Passed).Count -ne $Boots) { throw 'not all passed' } }
    $whole = Best { if (@($matrix | Invoke-LguestMatrix -SSHConnection $machines.Connection -ThrottleLimit $share | Where-Object Outcome -EQ Passed).Count -ne $Boots) { throw 'not all passed' } }

    '| {0} boots of the minikernel | s (best) | of the first |' -f $Boots
    '|---|---:|---:|'
    '| in this process, {0} at a time | {1:n2} | 1.00 |' -f $Slots, $here
    '| three machines over SSH, {0} at a time on each, sessions open | {1:n2} | {2:n2} |' -f $share, $open, ($open / $here)
    '| the same, with connecting | {0:n2} | {1:n2} |' -f $whole, ($whole / $here)
    ''
    $arguments = "$repository/bench/workloads/calls.elf", $Events
    function Rate([string] $What, [scriptblock] $Run) { '| {0} | {1:n0} |' -f $What, ($Events / (Best $Run)) }
    '| events over SSH | events/s (best) |'
    '|---|---:|'
    Rate 'objects, as Invoke-Command brings them' { Invoke-Command $sessions[0] { Start-LguestGuest (New-LguestGuest -Name bench -Kernel $args[0] -CommandLine $args[1] -Memory 16MB) } -ArgumentList $arguments | Out-Null }
    Rate 'objects, made into JSON lines there and sent as one text a thousand' {
        Invoke-Command $sessions[0] {
            $lines = [Collections.Generic.List[string]]::new()
            Start-LguestGuest (New-LguestGuest -Name bench -Kernel $args[0] -CommandLine $args[1] -Memory 16MB) | ForEach-Object {
                $lines.Add(($_ | Select-Object Sequence, Kind, Name, Arguments | ConvertTo-Json -Compress))
                if ($lines.Count -eq 1000) { $lines -join "`n"; $lines.Clear() }
            }
            $lines -join "`n"
        } -ArgumentList $arguments | Out-Null
    }
    Rate 'a file of Export-LguestTrace -As JsonLines, fetched with Copy-Item' {
        Invoke-Command $sessions[0] { Start-LguestGuest (New-LguestGuest -Name bench -Kernel $args[0] -CommandLine $args[1] -Memory 16MB) | Export-LguestTrace "$env:TMPDIR/bench.jsonl" -As JsonLines } -ArgumentList $arguments
        Copy-Item -FromSession $sessions[0] "$($machines[0].Folder)/temp/bench.jsonl" "$folder/bench.jsonl"
    }
    Remove-PSSession $sessions
}
finally {
    $machines | ForEach-Object { Stop-Sshd $_ }
    Remove-Item -Recurse -Force $folder
}
