BeforeAll { . $PSScriptRoot/Setup.ps1 }

Describe 'Set-LguestBreakpoint' {
    AfterEach {
        Get-Job | Where-Object PSJobTypeName -EQ LguestGuest | Remove-Job -Force
        Get-LguestGuest | Remove-LguestGuest
    }

    It 'stops before a hypercall whose arguments match, and the next run goes past it' {
        $guest = New-LguestGuest $examples/ring/ring.yaml
        $breakpoint = $guest | Set-LguestBreakpoint -Hypercall BIND_DMA -Argument @{ key = 0x1000 }
        $events = $guest | Start-LguestGuest 6> $null
        $events[-1].Name | Should -Not -Be 'BIND_DMA'
        $guest.Standstill | Should -Be 'Breakpoint'
        $guest.StateReason | Should -BeLike "breakpoint $($breakpoint.Id): BIND_DMA(key=0x00001000*"
        ($guest | Start-LguestGuest -Kind Hypercall)[0].Name | Should -Be 'BIND_DMA'
        $breakpoint.HitCount | Should -Be 2
    }

    It 'stops at a symbol, and after a write to a variable' {
        $guest = New-LguestGuest $examples/timer/timer.yaml
        $guest | Set-LguestBreakpoint -Address sleep_until | Out-Null
        $guest | Start-LguestGuest 6>&1 | Select-Object -Last 1 | Should -BeLike 'timer: breakpoint *<sleep_until>'
        $guest.Registers.Eip | Should -Be $guest.Symbols.AddressOf('sleep_until')
        Get-LguestBreakpoint | Remove-LguestBreakpoint
        $guest | Set-LguestBreakpoint -Memory ticked | Out-Null
        $guest | Start-LguestGuest 6> $null | Out-Null
        $guest.BreakpointHit.Access.Before | Should -Be 0, 0, 0, 0
        $guest.BreakpointHit.Access.After | Should -Be 1, 0, 0, 0
        $guest.StateReason | Should -BeLike '*write of 4 at *: 0x0 -> 0x1 by *<clock_interrupt*'
    }

    It 'does the same on KVM, and steps over calls, out of functions and to an address there' {
        $report = Test-LguestHost
        if ($report.KvmState -eq 'Unavailable') { Set-ItResult -Skipped -Because $report.KvmReason }
        $guest = New-LguestGuest $examples/timer/timer.yaml -Cpu Kvm -Clock Host
        $guest.CpuName | Should -Be 'kvm'
        $guest | Step-LguestGuest -ToAddress sleep_until 6> $null | Out-Null
        $guest.Registers.Eip | Should -Be $guest.Symbols.AddressOf('sleep_until')
        $caller = ($guest | Get-LguestCallStack)[1].Eip
        $guest | Step-LguestGuest -Over -Count 2 6> $null | Out-Null
        $guest | Step-LguestGuest -Out 6> $null | Out-Null
        $guest.Registers.Eip | Should -Be $caller
        $guest | Set-LguestBreakpoint -Memory ticked -Condition { $_.Access.After[0] -eq 1 } | Out-Null
        $guest | Start-LguestGuest 6> $null | Out-Null
        $guest.BreakpointHit.Access.Before | Should -Be 0, 0, 0, 0
        $guest.StateReason | Should -BeLike '*write of 4 at *: 0x0 -> 0x1 by *<clock_interrupt*'
    }

    It 'runs an action at each hit, whose output goes into the pipeline' {
        $guest = New-LguestGuest $examples/timer/timer.yaml
        $guest | Set-LguestBreakpoint -Interrupt 0 -Action { "irq $($_.Irq) in $($_.Guest.Name)" } | Out-Null
        $out = $guest | Start-LguestGuest -Kind Ended
        $out[0] | Should -Be 'irq 0 in timer'
        $out.Count | Should -Be 6
        $guest.HasEnded | Should -BeTrue
    }

    It 'asks a condition with the hit as $_' {
        $guest = New-LguestGuest $examples/ring/ring.yaml
        $wanted = 2
        $guest | Set-LguestBreakpoint -Hypercall * -Condition { $_.Hypercall.Slot -eq $wanted } | Out-Null
        $guest | Start-LguestGuest 6> $null | Out-Null
        $guest.NextCall.Slot | Should -Be 2
    }

    It 'stops before traps by name, DMA by device, and can be disabled' {
        $guest = New-LguestGuest $examples/paging/paging.yaml
        $trap = $guest | Set-LguestBreakpoint -Trap '#PF'
        $dma = $guest | Set-LguestBreakpoint -Device console
        $trap | Disable-LguestBreakpoint
        $guest | Start-LguestGuest 6> $null | Out-Null
        $guest.BreakpointHit.Breakpoint.Id | Should -Be $dma.Id
        Disable-LguestBreakpoint $dma.Id
        Enable-LguestBreakpoint $trap.Id -PassThru | ForEach-Object Enabled | Should -BeTrue
        $guest | Start-LguestGuest 6> $null | Out-Null
        $guest.PendingTrap.Name | Should -Be '#PF'
    }

    It 'changes nothing with -WhatIf' {
        $guest = New-LguestGuest $examples/hello/hello.yaml
        $guest | Set-LguestBreakpoint -Hypercall CRASH -WhatIf | Should -BeNullOrEmpty
        Get-LguestBreakpoint | Should -BeNullOrEmpty
    }

    It 'says what it does not know: <Case>' -ForEach @(
        @{ Case = 'a hypercall'; Arguments = @{ Hypercall = 'NOPE' }; Id = 'InvalidDefinition*' }
        @{ Case = 'an argument'; Arguments = @{ Hypercall = 'SEND_DMA'; Argument = @{ nope = 1 } }; Id = 'InvalidDefinition*' }
        @{ Case = 'a symbol'; Arguments = @{ Address = 'nope' }; Id = 'InvalidAddress*' }
        @{ Case = 'a trap'; Arguments = @{ Trap = '#XX' }; Id = 'InvalidDefinition*' }
        @{ Case = 'an interrupt'; Arguments = @{ Interrupt = '32' }; Id = 'InvalidDefinition*' }
    ) {
        $guest = New-LguestGuest $examples/hello/hello.yaml
        $guest | Set-LguestBreakpoint @Arguments -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem[0].FullyQualifiedErrorId | Should -BeLike $Id
        Get-LguestBreakpoint | Should -BeNullOrEmpty
    }

    It 'stops a job, which Resume-LguestGuest lets go on; scripts run in the runspace of the job' {
        $guest = New-LguestGuest $examples/timer/timer.yaml
        $guest | Set-LguestBreakpoint -Hypercall SET_CLOCKEVENT -Action { [Runspace]::DefaultRunspace.Id } | Out-Null
        $guest | Set-LguestBreakpoint -Hypercall CRASH | Out-Null
        $job = Start-LguestGuest $guest -AsJob -Kind Ended
        $guest | Wait-LguestGuest -TimeLimit 300 | Should -Be $guest
        $job.State | Should -Be 'Suspended'
        $guest.Standstill | Should -Be 'Breakpoint'
        $ids = Receive-Job $job
        $ids.Count | Should -Be 5
        $ids | Should -Not -Contain ([Runspace]::DefaultRunspace.Id)
        Resume-LguestGuest $guest
        $guest | Wait-LguestGuest -TimeLimit 300 | Out-Null
        $guest.Ending.Kind | Should -Be 'PowerDown'
    }
}

Describe 'What is done to a pending hypercall' {
    AfterEach {
        Get-Job | Where-Object PSJobTypeName -EQ LguestGuest | Remove-Job -Force
        Get-LguestGuest | Remove-LguestGuest
    }

    It 'Set-LguestHypercall changes its arguments' {
        $guest = New-LguestGuest $examples/timer/timer.yaml
        $guest | Step-LguestGuest -Hypercall SET_CLOCKEVENT | Out-Null
        ($guest | Set-LguestHypercall -Argument @{ delta = 5000000 } -PassThru).Decoded | Should -Be 'delta=5 ms'
        $events = $guest | Step-LguestGuest 6> $null
        $events.Kind | Should -Be 'Intervention', 'Hypercall'
        $events[1].Arguments | Should -Be 5000000
    }

    It 'Skip-LguestHypercall leaves it undone, and says so in the trace' {
        $guest = New-LguestGuest $examples/hello/hello.yaml
        $guest | Step-LguestGuest -Hypercall SEND_DMA | Out-Null
        $guest | Skip-LguestHypercall -WhatIf
        $guest.NextCall.Name | Should -Be 'SEND_DMA'
        $guest | Skip-LguestHypercall -Result 7
        $guest.Registers.Eax | Should -Be 7
        ($guest | Start-LguestGuest)[0].Summary | Should -BeLike 'Skip-LguestHypercall SEND_DMA(*) = 7'
    }

    It 'Invoke-LguestHypercall does one more' {
        $guest = New-LguestGuest $examples/ring/ring.yaml
        { $guest | Invoke-LguestHypercall -Hypercall FLUSH_TLB -ErrorAction Stop } | Should -Throw -ErrorId 'HypercallRefused*'
        $guest | Step-LguestGuest -Hypercall CRASH | Out-Null
        $guest | Invoke-LguestHypercall -Hypercall BIND_DMA -Argument @{ key = 0x1000; array = 0x2000; count = 0x105 } | Should -Be 1
        $guest.NextCall.Name | Should -Be 'CRASH'
    }

    It 'may be done by an action' {
        $guest = New-LguestGuest $examples/hello/hello.yaml
        $guest | Set-LguestBreakpoint -Hypercall SEND_DMA -Action { $_.Guest | Skip-LguestHypercall } | Out-Null
        $guest | Start-LguestGuest | Out-Null
        $guest.ConsoleText | Should -BeNullOrEmpty
        $guest.HasEnded | Should -BeTrue
    }
}

Describe 'Step-LguestGuest, further' {
    AfterEach {
        Get-Job | Where-Object PSJobTypeName -EQ LguestGuest | Remove-Job -Force
        Get-LguestGuest | Remove-LguestGuest
    }

    It 'steps to an address, over calls and out of a function' {
        $guest = New-LguestGuest $examples/timer/timer.yaml
        $guest | Step-LguestGuest -ToAddress sleep_until | Out-Null
        $caller = (Get-LguestGuest timer).Registers.Esp
        $guest.Location | Should -BeLike '*<sleep_until>*'
        $guest | Step-LguestGuest -Over -Count 2 | Out-Null
        $guest.Location | Should -BeLike '*<sleep_until+*'
        $guest | Step-LguestGuest -Out | Out-Null
        $guest.Location | Should -BeLike '*<main+*'
        $guest.Registers.Esp | Should -Be ($caller + 4)
    }

    It 'steps to just before a trap, and an interrupt' {
        $guest = New-LguestGuest $examples/paging/paging.yaml
        $guest | Step-LguestGuest -Trap '#PF' | Out-Null
        $guest.Standstill | Should -Be 'Trap'
        $guest.PendingTrap.Vector | Should -Be 14
        $guest = New-LguestGuest $examples/timer/timer.yaml
        $guest | Step-LguestGuest -Interrupt * -Count 2 | Out-Null
        $guest.StateReason | Should -Be 'before irq 0'
        ($guest | Step-LguestGuest 6> $null)[0].Kind | Should -Be 'Interrupt'
    }

    It 'shows where the guest stands at the end of a pipeline only' {
        $guest = New-LguestGuest $examples/hello/hello.yaml
        $guest | Step-LguestGuest -InformationVariable shown | Out-Null
        $shown | Should -BeNullOrEmpty
        $guest | Step-LguestGuest -InformationVariable shown 6> $null
        $shown | Should -BeLike 'hello: before *'
    }

    It 'has the alias <Alias> for <Command>' -ForEach @(
        @{ Alias = 'lgs'; Command = 'Step-LguestGuest' }, @{ Alias = 'lgr'; Command = 'Start-LguestGuest' }, @{ Alias = 'lgg'; Command = 'Get-LguestGuest' }
        @{ Alias = 'lgb'; Command = 'Set-LguestBreakpoint' }, @{ Alias = 'lgbl'; Command = 'Get-LguestBreakpoint' }, @{ Alias = 'lgbc'; Command = 'Remove-LguestBreakpoint' }
    ) {
        (Get-Alias $Alias).Definition | Should -Be $Command
    }
}
