BeforeAll {
    . $PSScriptRoot/Setup.ps1

    $gdb = Get-Command gdb -CommandType Application -ErrorAction Ignore | Select-Object -First 1 -ExpandProperty Source

    function RunGdb($Kernel, [string[]]$Commands) {
        $Commands = @('set confirm off', 'set pagination off', 'set debuginfod enabled off') + $Commands
        (& $gdb -nx -q -batch $Kernel ($Commands | ForEach-Object { '-ex', $_ }) 2>&1) -join "`n"
    }
}

Describe 'Start-LguestGdbServer -AsJob' -Skip:(-not (Get-Command gdb -CommandType Application -ErrorAction Ignore)) {
    AfterEach {
        Get-Job | Where-Object PSJobTypeName -EQ LguestGdb | Remove-Job -Force
        Get-LguestGuest | Remove-LguestGuest
    }

    BeforeEach {
        $guest = New-LguestGuest $examples/panic/panic.yaml
        $job = $guest | Start-LguestGdbServer -Port 0 -AsJob
    }

    It 'leaves the prompt free, and is over when gdb detaches' {
        $job.State | Should -Be Running
        $job.PSJobTypeName | Should -Be LguestGdb
        $before = $guest.Registers.Eip
        $said = RunGdb $examples/panic/panic.elf "target remote $($job.EndPoint)", 'hbreak schedule', 'continue', 'set var *(int *)&tasks = 1', 'stepi', 'detach'
        $said | Should -Match 'Breakpoint 1, 0x\w+ in schedule'
        $job | Wait-Job -Timeout 300 | Should -Be $job
        $job.State | Should -Be Completed
        $guest.Registers.Eip | Should -Not -Be $before
        (Receive-Job $job).Operation | Should -Be SetMemory
        $guest | Wait-LguestGuest | Out-Null
        $guest.HasEnded | Should -BeTrue
    }
    It 'lets the prompt look at the guest while gdb stands still' {
        # gdb says that it stands still by a file, and waits for the lock that this holds.
        $stands = "$TestDrive/gdb-stands"
        $lock = [IO.File]::Open("$TestDrive/gdb-waits", 'Create', 'Write', 'None')
        $client = Start-ThreadJob {
            & $using:gdb -nx -q -batch $using:examples/panic/panic.elf -ex 'set confirm off' -ex 'set debuginfod enabled off' `
                -ex "target remote $(($using:job).EndPoint)" -ex 'hbreak schedule' -ex 'continue' -ex "shell touch '$using:stands'; flock '$using:TestDrive/gdb-waits' true" `
                -ex 'printf "turns %d\n", ((int *)&tasks)[3]' -ex 'detach' 2>&1
        }
        try {
            Wait-Until { (Test-Path $stands) -or $client.State -in 'Completed', 'Failed', 'Stopped' }
            $stands | Should -Exist
            $guest.BreakpointHit | Should -Not -BeNullOrEmpty
            $job.StatusMessage | Should -Be "gdb at $($job.EndPoint); stands still: $($guest.StateReason)"
            ($guest | Get-LguestCallStack)[0].Symbol | Should -Match '^schedule'
            $guest | Set-LguestMemory tasks+0xc -As UInt32 -Value 7
        }
        finally {
            $lock.Dispose()
            $said = ($client | Receive-Job -Wait -AutoRemoveJob) -join "`n"
        }
        $said | Should -Match 'turns 7'
    }
    It 'ends when it is stopped, and the guest can be run on' {
        $job | Stop-Job
        $job.State | Should -Be Stopped
        ($guest | Start-LguestGuest -Kind Ended).Reason | Should -Be 'CRASH: panic: the next task is none'
    }
    It 'waits for another gdb when it is resumed' {
        $guest | Suspend-LguestGuest
        $job.State | Should -Be Suspended
        $guest | Resume-LguestGuest
        RunGdb $examples/panic/panic.elf "target remote $($job.EndPoint)", 'printf "eip %x\n", $eip', 'detach' | Should -Match 'eip c01'
        ($guest | Wait-LguestGuest -TimeLimit 300) | Should -Be $guest
        $job.State | Should -Be Completed
    }
    It 'does not keep others from stopping the guest' {
        $guest | Stop-LguestGuest -PassThru | ForEach-Object State | Should -Be Ended
    }
    It 'is refused for a guest that another job runs' {
        { $guest | Start-LguestGdbServer -Port 0 -AsJob -ErrorAction Stop } | Should -Throw '*being run by*' -ErrorId 'GuestBusy,*'
    }
}

Describe 'A job that ran a guest to its end' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'leaves it to whoever wants to take it back' {
        $guest = New-LguestGuest $examples/ring/ring.yaml -Clock Virtual -Record
        $guest | Start-LguestGuest -AsJob | Wait-Job -Timeout 300 | Remove-Job
        $guest.State | Should -Be Ended
        $guest | Step-LguestGuest -Back -Hypercall FLUSH_ASYNC | Out-Null
        $guest.NextCall.Name | Should -Be FLUSH_ASYNC
    }
}
