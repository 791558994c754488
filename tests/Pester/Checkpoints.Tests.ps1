BeforeAll { . $PSScriptRoot/Setup.ps1 }

Describe 'Checkpoint-LguestGuest and Restore-LguestGuest' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    BeforeEach { $guest = New-LguestGuest $examples/ring/ring.yaml -Clock Virtual }

    It 'takes a guest back, even if it has ended' {
        $guest | Step-LguestGuest -Count 3 | Out-Null
        $checkpoint = $guest | Checkpoint-LguestGuest -Label here
        $checkpoint.Label | Should -Be here
        $checkpoint.Next | Should -Match SEND_DMA
        $first = ($guest | Start-LguestGuest).Sequence
        $guest.State | Should -Be Ended
        ($checkpoint | Restore-LguestGuest -PassThru).Standstill | Should -Be RingEntry
        ($guest | Start-LguestGuest).Sequence | Should -Be $first
    }
    It 'goes back to the last checkpoint of a guest that is named' {
        $guest | Checkpoint-LguestGuest | Out-Null
        $guest | Wait-LguestGuest | Out-Null
        Restore-LguestGuest -Guest ring
        $guest.State | Should -Be Created
    }
    It 'keeps the guest in the middle of the pipeline that runs it' {
        $checkpoints = $guest | Start-LguestGuest -Hypercall SEND_DMA | ForEach-Object { Checkpoint-LguestGuest $guest }
        $checkpoints.Count | Should -BeGreaterThan 2
        $checkpoints[1] | Restore-LguestGuest
        $guest.EventCount | Should -Be $checkpoints[1].EventCount
    }
    It 'makes a guest of a file, in another PowerShell' {
        $file = Join-Path $TestDrive ring.lguest
        $guest | Step-LguestGuest -Count 3 | Out-Null
        $guest | Checkpoint-LguestGuest -Path $file | Out-Null
        $expected = ($guest | Start-LguestGuest | ForEach-Object ToString) -join "`n"
        $script = "Import-Module '$modulePath'; (Restore-LguestGuest -Path '$file' -Name copy | Start-LguestGuest | ForEach-Object ToString) -join ""``n"""
        pwsh -NoProfile -Command $script | Out-String | ForEach-Object Trim | Should -Be $expected.Replace("`n", [Environment]::NewLine)
    }
    It 'replaces a file unless it is told not to' {
        $file = Join-Path $TestDrive there.lguest
        'something' | Set-Content $file
        { $guest | Checkpoint-LguestGuest -Path $file -NoClobber -ErrorAction Stop } | Should -Throw '*-NoClobber*' -ErrorId 'FileUnavailable,*'
        Get-Content $file | Should -Be something
        $guest | Checkpoint-LguestGuest -Path $file | Out-Null
        (Restore-LguestGuest -Path $file).Name | Should -Be ring2
    }
    It 'has an error for a file that is no checkpoint' {
        { Restore-LguestGuest -Path $examples/ring/ring.yaml -ErrorAction Stop } | Should -Throw '*is no file of LguestPS*' -ErrorId 'InvalidCheckpoint,*'
    }
    It 'has an error for a guest that was never kept' {
        { Restore-LguestGuest -Guest ring -ErrorAction Stop } | Should -Throw '*no checkpoint*' -ErrorId 'InvalidCheckpoint,*'
    }
    It 'has an error for a guest whose disk would not go back' {
        $image = Join-Path $TestDrive disk.img
        [IO.File]::WriteAllBytes($image, [byte[]]::new(4096))
        $other = New-LguestGuest -Kernel $examples/hello/hello.elf -Device console, @{ block = @{ path = $image; mode = 'readWrite' } }
        { $other | Checkpoint-LguestGuest -ErrorAction Stop } | Should -Throw '*block0 writes to its image*' -ErrorId 'CheckpointRefused,*'
    }
    It 'has an error for a disk image that holds something else than it did' {
        $image = Join-Path $TestDrive snapshot.img
        $file = Join-Path $TestDrive snapshot.lguest
        [IO.File]::WriteAllBytes($image, [byte[]]::new(4096))
        $other = New-LguestGuest -Kernel $examples/hello/hello.elf -Device console, @{ block = $image }
        $other | Checkpoint-LguestGuest -Path $file | Out-Null
        $other | Remove-LguestGuest
        Restore-LguestGuest -Path $file | Remove-LguestGuest
        [IO.File]::WriteAllBytes($image, [byte[]](@(0) * 4095 + 1))
        { Restore-LguestGuest -Path $file -ErrorAction Stop } | Should -Throw '*snapshot.img*does not hold what*' -ErrorId 'CheckpointRefused,*'
    }
    It 'keeps the descriptors as the guest loaded them' {
        $other = New-LguestGuest $examples/paging/paging.yaml
        $other | Step-LguestGuest -Hypercall SET_STACK | Out-Null
        $expected = $other | Get-LguestDescriptor | ForEach-Object { "$($_.Index) $($_.Loaded)" }
        $expected | Should -Match ' [1-9]'
        $other | Checkpoint-LguestGuest | Out-Null
        Restore-LguestGuest -Guest paging
        $other | Get-LguestDescriptor | ForEach-Object { "$($_.Index) $($_.Loaded)" } | Should -Be $expected
    }
    It 'only says what it would do with -WhatIf' {
        $guest | Checkpoint-LguestGuest -WhatIf | Should -BeNullOrEmpty
        $guest.LastCheckpoint | Should -BeNullOrEmpty
    }
}

Describe 'Step-LguestGuest -Back' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    BeforeEach { $guest = New-LguestGuest $examples/ring/ring.yaml -Clock Virtual -Record }

    It 'goes back over standstills, and on again' {
        $guest | Step-LguestGuest -Count 4 | Out-Null
        $next = $guest.NextCall.ToString()
        $forth = $guest | Step-LguestGuest
        $guest | Step-LguestGuest -Back | Should -Be $guest
        $guest.NextCall.ToString() | Should -Be $next
        $guest.IsInPast | Should -BeTrue
        ($guest | Step-LguestGuest).Sequence | Should -Be $forth.Sequence
    }
    It 'goes back to a hypercall after the end' {
        $guest | Wait-LguestGuest | Out-Null
        $guest | Step-LguestGuest -Back -Hypercall SEND_DMA | Out-Null
        $guest.State | Should -Be Paused
        $guest.NextCall.Name | Should -Be SEND_DMA
        ($guest | Start-LguestGuest)[-1].Reason | Should -Be 'Power down'
    }
    It 'goes back until something is true' {
        $guest | Wait-LguestGuest | Out-Null
        $guest | Step-LguestGuest -Back -Until { $_.PendingDma } | Out-Null
        $guest.PendingDma.Device | Should -Be console
    }
    It 'goes back by instructions' {
        $guest | Step-LguestGuest -Count 4 | Out-Null
        $instructions = $guest.InstructionCount
        $guest | Step-LguestGuest -Instruction -Count 20 | Out-Null
        $guest | Step-LguestGuest -Back -Instruction -Count 20 | Out-Null
        $guest.InstructionCount | Should -Be $instructions
    }
    It 'warns when the recording begins, and stands there' {
        $guest | Step-LguestGuest -Count 2 | Out-Null
        $guest | Step-LguestGuest -Back -Count 100 -WarningVariable warning -WarningAction SilentlyContinue | Out-Null
        $warning | Should -Match 'recording begins'
        $guest.State | Should -Be Created
    }
    It 'explains how to turn recording on' {
        $other = New-LguestGuest $examples/ring/ring.yaml -Clock Virtual
        { $other | Step-LguestGuest -Back -ErrorAction Stop } | Should -Throw -ErrorId 'NotRecorded,*' -PassThru | ForEach-Object ErrorDetails | Should -Match 'New-LguestGuest -Record'
    }
    It 'is not to be had with real time' {
        { New-LguestGuest $examples/ring/ring.yaml -Clock Host -Record -ErrorAction Stop } | Should -Throw "*clock*host*virtual*" -ErrorId 'InvalidDefinition,*'
    }
}

Describe 'Recordings in files' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    BeforeEach { $file = Join-Path $TestDrive "$([guid]::NewGuid()).lguest" }

    It 'are replayed to the same events' {
        $guest = New-LguestGuest $examples/echo/echo.yaml -Clock Virtual
        Send-LguestConsole $guest 'one', 'quit'
        $recorded = $guest | Start-LguestGuest -RecordPath $file | ForEach-Object { "$_ $($_.GuestTime.Ticks)" }
        $replayed = Start-LguestGuest -Replay $file | ForEach-Object { "$_ $($_.GuestTime.Ticks)" }
        $replayed | Should -Be $recorded
    }
    It 'end where the run was left, and can be gone on from and back in' {
        $guest = New-LguestGuest $examples/ring/ring.yaml -Clock Virtual
        $guest | Start-LguestGuest -RecordPath $file | Select-Object -First 7 | Out-Null
        $replay = New-LguestGuest -Replay $file
        $replay | Wait-LguestGuest -WarningAction SilentlyContinue | Out-Null
        $replay.Standstill | Should -Be EndOfRecording
        $replay | Step-LguestGuest -Back | Out-Null
        $replay.IsInPast | Should -BeTrue
        ($replay | Wait-LguestGuest -WarningAction SilentlyContinue | Wait-LguestGuest).Ending.Kind | Should -Be PowerDown
    }
}

Describe 'From a panic back to its cause' {
    AfterAll { Get-LguestGuest | Remove-LguestGuest }

    BeforeAll {
        $guest = New-LguestGuest $examples/panic/panic.yaml
        $word = @{ Address = 'tasks+0x28'; As = 'UInt32' }
    }

    It 'dies of a word that is wrong' {
        ($guest | Start-LguestGuest -Kind Ended).Reason | Should -Be 'CRASH: panic: the next task is none'
        $guest | Step-LguestGuest -Back | Out-Null
        ($guest | Get-LguestCallStack).Symbol[0..2] -replace '\+.*' | Should -Be crash, schedule, main
        ($guest | Get-LguestMemory @word).PointsTo | Should -Not -Be tasks
    }
    It 'goes back to the instruction that makes it wrong' {
        $end = $guest.InstructionCount
        $guest | Step-LguestGuest -Back -Instruction -Until { ($_ | Get-LguestMemory @word).PointsTo -eq 'tasks' } | Out-Null
        ($guest | Get-LguestCallStack).Symbol[0..1] -replace '\+.*' | Should -Be rename_task, main
        ($guest | Get-LguestDisassembly -Count 1).Text | Should -Match '^mov '
        $end - $guest.InstructionCount | Should -BeGreaterThan 2000
        $guest | Step-LguestGuest -Instruction | Out-Null
        ($guest | Get-LguestMemory @word).PointsTo | Should -Not -Be tasks
    }
    It 'goes back to the same instruction by a breakpoint' {
        $guest | Step-LguestGuest -Back -Instruction | Out-Null
        $store = $guest.Registers.Eip, $guest.InstructionCount
        $guest | Wait-LguestGuest | Out-Null
        $breakpoint = $guest | Set-LguestBreakpoint -Memory tasks+0x28 -Length 4 -Access Write
        $guest | Step-LguestGuest -Back -Breakpoint -Count 2 | Should -Be $guest
        $guest.Registers.Eip, $guest.InstructionCount | Should -Be $store
        $guest | Step-LguestGuest -Breakpoint
        $guest.BreakpointHit.Access.Address | Should -Be ($guest.Symbols.AddressOf('tasks') + 0x28)
        $breakpoint.HitCount | Should -Be 1
        $breakpoint | Remove-LguestBreakpoint
    }
    It 'finds the same instruction with a breakpoint' {
        $guest | Step-LguestGuest -Back -Instruction | Out-Null
        $store = $guest.Registers.Eip
        $guest | Step-LguestGuest -Back -Until { $_.ConsoleText -notmatch 'turn 2' } | Out-Null
        $guest | Set-LguestBreakpoint -Memory tasks+0x28 -Length 4 -Access Write | Out-Null
        $guest | Wait-LguestGuest | Out-Null
        $guest.StateReason | Should -Match "0xe0 -> 0x70 by 0x$($store.ToString('x8')) <rename_task"
    }
}
