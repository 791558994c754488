BeforeAll { . $PSScriptRoot/Setup.ps1 }

Describe 'Step-LguestGuest -To' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    BeforeEach { $guest = New-LguestGuest $examples/timer/timer.yaml -Clock Virtual -Record }

    It 'goes to places as they are written, both ways' {
        $guest | Wait-LguestGuest | Out-Null
        $end = $guest.RunPosition
        $guest | Step-LguestGuest -To 500 | Should -Be $guest
        $guest.InstructionCount | Should -Be 500
        ($guest | Step-LguestGuest -To 1k).InstructionCount | Should -Be 1000
        ($guest | Step-LguestGuest -To 25ms).GuestTime | Should -BeGreaterOrEqual ([timespan]::FromMilliseconds(25))
        ($guest | Step-LguestGuest -To '#8').EventCount | Should -Be 7
        ($guest | Step-LguestGuest -To 50%).InstructionCount | Should -Be ([Math]::Floor($end.Instructions / 2))
        ($guest | Step-LguestGuest -To Start).State | Should -Be Created
        ($guest | Step-LguestGuest -To now).State | Should -Be Ended
        $guest.RunPosition | Should -Be $end
    }
    It 'reads a time that PowerShell takes for a number' {
        $guest | Step-LguestGuest -To 1s -WarningAction SilentlyContinue | Out-Null
        $guest.InstructionCount | Should -BeGreaterThan 1
    }
    It 'takes numbers, times, positions, and what has one' {
        $events = $guest | Start-LguestGuest
        $number = 700
        ($guest | Step-LguestGuest -To $number).InstructionCount | Should -Be 700
        ($guest | Step-LguestGuest -To 1e3).InstructionCount | Should -Be 1000
        ($guest | Step-LguestGuest -To ([timespan]::FromTicks(2))).InstructionCount | Should -Be 200
        $here = $guest.RunPosition
        $guest | Step-LguestGuest -To $events[5] | Out-Null
        $guest.EventCount | Should -Be 5
        $checkpoint = $guest | Checkpoint-LguestGuest
        ($guest | Step-LguestGuest -To $here).InstructionCount | Should -Be 200
        ($guest | Step-LguestGuest -To $checkpoint).EventCount | Should -Be 5
    }
    It 'takes an event from the pipeline, with the guest it is of' {
        $interrupt = $guest | Start-LguestGuest -Kind Interrupt | Select-Object -Last 1
        $interrupt | Step-LguestGuest | Should -Be $guest
        $guest.PendingInterrupt | Should -Be $interrupt.Irq
        $guest.Registers.Eip | Should -Be $interrupt.Eip
    }
    It 'still steps a guest that is piped' {
        ($guest | Step-LguestGuest -Count 2).Sequence | Should -Be 1
    }
    It 'comes back to the present as it was, with what was typed' {
        $echo = New-LguestGuest $examples/echo/echo.yaml -Clock Virtual -Record
        $echo | Wait-LguestGuest -WarningAction SilentlyContinue | Out-Null
        Send-LguestConsole $echo one
        $echo | Step-LguestGuest -To Start | Out-Null
        $echo | Step-LguestGuest -To 50% | Out-Null
        ($echo | Step-LguestGuest -To Now).Standstill | Should -Be WaitingForInput
        $echo | Start-LguestGuest -WarningAction SilentlyContinue | Out-Null
        $echo.ConsoleText | Should -Match 'ONE'
    }
    It 'warns when the run does not get there, and says why' {
        $guest | Step-LguestGuest -To 500M -WarningVariable warning -WarningAction SilentlyContinue | Should -Be $guest
        $warning | Should -BeLike "*did not get to 500M: Power down*"
        { $guest | Step-LguestGuest -To 500M -ErrorAction Stop } | Should -Throw '*has ended*500,000,000*' -ErrorId 'PositionUnreachable,*'
    }
    It 'goes only forwards without a recording' {
        $other = New-LguestGuest $examples/timer/timer.yaml -Clock Virtual
        ($other | Step-LguestGuest -To 500).InstructionCount | Should -Be 500
        { $other | Step-LguestGuest -To 400 -ErrorAction Stop } | Should -Throw -ErrorId 'NotRecorded,*'
        { $other | Step-LguestGuest -To Start -ErrorAction Stop } | Should -Throw -ErrorId 'NotRecorded,*'
    }
    It 'refuses <_>, and says how a place is written' -ForEach 'yesterday', '-5', '101%', '#0', '1.5' {
        { $guest | Step-LguestGuest -To $_ } | Should -Throw '*500M*#1234*Now*'
    }
    It 'refuses what has no place in a run' {
        { $guest | Step-LguestGuest -To (Get-Date) } | Should -Throw '*no place in a run*'
        { $guest | Step-LguestGuest -To 5 -Back } | Should -Throw -ErrorId 'AmbiguousParameterSet,*'
    }
    It 'moves nothing with -WhatIf' {
        $guest | Step-LguestGuest -To 500 -WhatIf
        $guest.State | Should -Be Created
    }
    It 'completes places' {
        (TabExpansion2 'Step-LguestGuest x -To N').CompletionMatches.CompletionText | Should -Be Now
    }
    It 'says so when the guest goes on past its present, once' {
        $guest | Step-LguestGuest -Count 3 | Out-Null
        $guest | Step-LguestGuest -To Start | Out-Null
        $said = $guest | Start-LguestGuest -Verbose 4>&1 | Where-Object { $_ -is [Management.Automation.VerboseRecord] -and "$_" -match 'past its present' }
        @($said).Count | Should -Be 1
    }
    It 'warns when what was recorded is forgotten' {
        $echo = New-LguestGuest $examples/echo/echo.yaml -Clock Virtual -Record
        Send-LguestConsole $echo one
        $echo | Start-LguestGuest -WarningAction SilentlyContinue | Out-Null
        $echo | Step-LguestGuest -To 50% | Out-Null
        Send-LguestConsole $echo other
        $echo | Start-LguestGuest -WarningVariable warning -WarningAction SilentlyContinue | Out-Null
        @($warning -match 'is forgotten').Count | Should -Be 1
    }
}

Describe 'Step-LguestGuest -Back, by everything it steps by' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'goes back to traps' {
        $guest = New-LguestGuest $examples/paging/paging.yaml -Clock Virtual -Record
        $guest | Wait-LguestGuest | Out-Null
        $guest | Step-LguestGuest -Back -Trap '#PF' | Should -Be $guest
        $guest.PendingTrap.Vector | Should -Be 14
        $first = $guest.RunPosition
        $guest | Step-LguestGuest -Back -Trap * -Count 2 | Out-Null
        $guest.RunPosition | Should -BeLessThan $first
    }
    It 'goes back to interrupts, addresses, calls and callers' {
        $guest = New-LguestGuest $examples/timer/timer.yaml -Clock Virtual -Record
        $guest | Wait-LguestGuest | Out-Null
        $guest | Step-LguestGuest -Back -Interrupt 0 | Out-Null
        $guest.PendingInterrupt | Should -Be 0
        $guest | Step-LguestGuest -Back -ToAddress sleep_until -Count 2 | Out-Null
        $guest.Location | Should -BeLike '*<sleep_until>*'
        $guest | Step-LguestGuest -Over -Count 3 | Out-Null
        $inside = $guest.RunPosition
        $guest | Step-LguestGuest -Over | Out-Null
        $guest | Step-LguestGuest -Back -Over | Out-Null
        $guest.RunPosition | Should -Be $inside
        $guest | Step-LguestGuest -Back -Out | Out-Null
        $guest.Location | Should -BeLike '*<main+*call*sleep_until*'
    }
}

Describe 'Get-LguestRecording and Get-LguestCheckpoint' {
    BeforeAll {
        $file = Join-Path $TestDrive disk.lguest
        Copy-Item $examples/disk $TestDrive/disk -Recurse
        Start-LguestGuest $TestDrive/disk/disk.yaml -Clock Virtual -RecordPath $file -Kind Ended | Out-Null
        $hash = (Get-FileHash $TestDrive/disk/disk.elf).Hash
        Remove-Item $TestDrive/disk -Recurse
    }
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'shows what is in a file, which needs no other' {
        $recording = Get-LguestRecording $file
        $recording.Guest, $recording.Path | Should -Be disk, $file
        $recording.Devices | Should -Be block0, console
        $recording.NeededFiles | Should -BeNullOrEmpty
        $recording.Events | Should -Be $recording.End.Events
        $recording.Length | Should -Be $recording.End.Time
        $recording.Origin.KernelSha256 | Should -Be $hash
        $recording.SymbolCount | Should -BeGreaterThan 10
        $recording | Format-List | Out-String | Should -Match 'MadeBy\s+: LguestPS [\d.]+, on the emulated CPU'
        $recording | Format-Table | Out-String | Should -Match 'disk\s+0\.000 s'
    }
    It 'replays on a machine that has none of the files, with symbols' {
        $replay = New-LguestGuest -Replay $file
        $replay | Start-LguestGuest -Kind Ended | ForEach-Object Reason | Should -Be 'Power down'
        $replay.ConsoleText | Should -Match 'written by the guest'
        $replay | Step-LguestGuest -To 50% | Out-Null
        $replay.Symbols.AddressOf('main') | Should -Not -BeNullOrEmpty
        $replay.Location | Should -Match '<\w+'
    }
    It 'shows how far a guest has come' {
        $guest = New-LguestGuest $examples/timer/timer.yaml -Record
        $guest | Wait-LguestGuest | Out-Null
        ($guest | Get-LguestRecording).End | Should -Be $guest.RunPosition
        $guest | Step-LguestGuest -To ($guest | Get-LguestRecording).Start | Out-Null
        $guest.InstructionCount | Should -Be 0
    }
    It 'gets checkpoints of guests and of files' {
        $guest = New-LguestGuest $examples/ring/ring.yaml -Clock Virtual
        { $guest | Get-LguestCheckpoint -ErrorAction Stop } | Should -Throw '*no checkpoint*'
        $guest | Step-LguestGuest -Count 3 | Out-Null
        $taken = $guest | Checkpoint-LguestGuest -Path $TestDrive/ring.checkpoint -Label here
        $guest | Get-LguestCheckpoint | Should -Be $taken
        $read = Get-ChildItem $TestDrive/*.checkpoint | Get-LguestCheckpoint
        $read.Label, $read.Position | Should -Be here, $taken.Position
        $read.Symbols.Count | Should -Be $guest.Symbols.Count
        $read | Format-List | Out-String | Should -Match 'KernelSha256\s+: [0-9a-f]{64}'
    }
    It 'refuses <Name> with one error, and makes nothing' -ForEach @(
        @{ Name = 'a file that was cut'; Spoil = { param($bytes) $bytes[0..($bytes.Length / 2)] } }
        @{ Name = 'a file that was changed'; Spoil = { param($bytes) $bytes[$bytes.Length - 20] = $bytes[$bytes.Length - 20] -bxor 1; $bytes } }
        @{ Name = 'a newer version'; Spoil = { param($bytes) $bytes[8] = 99; $bytes } }
        @{ Name = 'something else'; Spoil = { param($bytes) [byte[]](1..200) } }
    ) {
        $bad = Join-Path $TestDrive bad.lguest
        [IO.File]::WriteAllBytes($bad, [byte[]](& $Spoil ([IO.File]::ReadAllBytes($file))))
        { Get-LguestRecording $bad -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidCheckpoint,*'
        { Get-LguestCheckpoint $bad -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidCheckpoint,*'
        { Restore-LguestGuest -Path $bad -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidCheckpoint,*'
        { New-LguestGuest -Replay $bad -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidCheckpoint,*'
        Get-LguestRecording -Path $bad -ErrorAction SilentlyContinue -ErrorVariable problems | Should -BeNullOrEmpty
        $problems.Count | Should -Be 1
        Get-LguestGuest | Should -BeNullOrEmpty
    }
    It 'names a file that is not there' {
        { Get-LguestRecording -Path $TestDrive/none.lguest -ErrorAction Stop } | Should -Throw -ErrorId 'RecordingNotFound,*'
        { Get-LguestCheckpoint -Path $TestDrive/none.lguest -ErrorAction Stop } | Should -Throw -ErrorId 'CheckpointNotFound,*'
    }
    It 'says before the run that a recording could not be written' {
        $guest = New-LguestGuest $examples/ring/ring.yaml -Clock Virtual
        { $guest | Start-LguestGuest -RecordPath $TestDrive/no/such/folder/run.lguest -ErrorAction Stop } | Should -Throw '*there is no folder*' -ErrorId 'FileUnavailable,*'
        $guest.State | Should -Be Created
    }
}

Describe 'Copy-LguestGuest -At' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'makes several guests of one place, with names of their own' {
        $guest = New-LguestGuest $examples/echo/echo.yaml -Clock Virtual -Record
        $guest | Wait-LguestGuest -WarningAction SilentlyContinue | Out-Null
        $forks = $guest | Copy-LguestGuest -At Now -Count 3
        $forks.Name | Should -Be echo2, echo3, echo4
        $forks | ForEach-Object { Send-LguestConsole $_ $_.Name }
        $forks | Wait-LguestGuest -WarningAction SilentlyContinue | Out-Null
        $forks | ForEach-Object { $_.ConsoleText | Should -Match $_.Name.ToUpperInvariant(); $_.IsRecorded | Should -BeTrue }
        $guest.ConsoleText | Should -Not -Match ECHO
    }
    It 'takes an event and a checkpoint from the pipeline' {
        $guest = New-LguestGuest $examples/ring/ring.yaml -Clock Virtual -Record
        $dma = $guest | Start-LguestGuest -Kind Dma | Select-Object -Last 1
        ($dma | Copy-LguestGuest -Name fork).PendingDma.Device | Should -Be console
        $guest | Step-LguestGuest -To 50% | Out-Null
        ($guest | Checkpoint-LguestGuest | Copy-LguestGuest).RunPosition | Should -Be $guest.RunPosition
    }
    It 'forks replays, and ended guests only before their end' {
        $file = Join-Path $TestDrive ring.lguest
        New-LguestGuest $examples/ring/ring.yaml -Clock Virtual | Start-LguestGuest -RecordPath $file | Out-Null
        $fork = New-LguestGuest -Replay $file | Copy-LguestGuest -At 50%
        ($fork | Start-LguestGuest)[-1].Reason | Should -Be 'Power down'
        { Get-LguestGuest ring | Copy-LguestGuest -At Now -ErrorAction Stop } | Should -Throw '*has ended*' -ErrorId 'GuestEnded,*'
        { Get-LguestGuest ring | Copy-LguestGuest -At 500M -ErrorAction Stop } | Should -Throw -ErrorId 'PositionUnreachable,*'
    }
    It 'makes nothing with -WhatIf' {
        $guest = New-LguestGuest $examples/ring/ring.yaml
        $guest | Copy-LguestGuest -At Now -WhatIf
        @(Get-LguestGuest).Count | Should -Be 1
    }
}
