BeforeAll { . $PSScriptRoot/Setup.ps1 }

Describe 'Start-LguestGuest' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'streams everything that happens, in order' {
        $events = Start-LguestGuest $examples/ring/ring.yaml
        $events.Sequence | Should -Be (1..23)
        $events[0].Name | Should -Be LGUEST_INIT
        $events[1..8] | ForEach-Object { $_.Kind -eq 'Hypercall' ? "$($_.Name) $($_.Slot)" : "$($_.Text)" } | Should -Be @(
            'SET_CLOCKEVENT 0', 'SEND_DMA 1', "ring: first text`n", 'BIND_DMA 2', 'BIND_DMA 3', 'SEND_DMA 4', "ring: second text`n", 'TS 5')
        $events[9].Name | Should -Be FLUSH_ASYNC
        $events[9].Origin | Should -Be Trap
        $events[-1].Ending | Should -Be PowerDown
    }

    It 'is repeatable to the last event with the virtual clock' {
        $first, $second = 1..2 | ForEach-Object { , (Start-LguestGuest $examples/timer/timer.yaml | Select-Object * -ExcludeProperty HostTime, HostDuration | ConvertTo-Json -Depth 5) }
        $second | Should -Be $first
    }

    It 'writes each event before the guest goes on' {
        $guest = New-LguestGuest $examples/ring/ring.yaml
        $seen = $guest | Start-LguestGuest | ForEach-Object { $guest.EventCount - $_.Sequence }
        # At most the end, which comes with the CRASH that causes it, is ahead of what is written.
        $seen | ForEach-Object { $_ | Should -BeLessOrEqual 1 }
    }

    It 'is Running for its own pipeline' {
        $guest = New-LguestGuest $examples/hello/hello.yaml
        $guest | Start-LguestGuest | Select-Object -First 1 | ForEach-Object { $guest.State; $guest.Driver } | Should -Be Running, Start-LguestGuest
    }

    It 'stops exactly where Select-Object -First does, and goes on from there' {
        $guest = New-LguestGuest $examples/ring/ring.yaml
        ($guest | Start-LguestGuest | Select-Object -First 3).Sequence | Should -Be 1, 2, 3
        $guest.State | Should -Be Paused
        $guest.Driver | Should -BeNullOrEmpty
        Get-LguestGuest ring | Should -Be $guest
        $guest.PendingHypercall.Name | Should -Be FLUSH_ASYNC
        $guest.PendingDma.Device | Should -Be console
        ($guest | Start-LguestGuest).Sequence | Should -Be (4..23)
    }

    It 'keeps a guest listed that was given as a path and stopped early' {
        Start-LguestGuest $examples/ring/ring.yaml | Select-Object -First 1 | Out-Null
        (Get-LguestGuest).State | Should -Be Paused
    }

    It 'frees a guest that was given as a path and has ended' {
        Start-LguestGuest $examples/hello/hello.yaml | Out-Null
        Get-LguestGuest | Should -BeNullOrEmpty
    }

    It 'writes and keeps the guest with -PassThru' {
        $guest = Start-LguestGuest $examples/hello/hello.yaml -Kind Ended -PassThru | Select-Object -Last 1
        $guest | Should -BeOfType LguestPS.Guest
        $guest.Ending.Kind | Should -Be PowerDown
        $guest.ConsoleText | Should -Match Hello
        Get-LguestGuest hello | Should -Be $guest
    }

    It 'wants only what the filter <Filter> says' -TestCases @(
        @{ Filter = @{ Kind = 'Dma' }; Expected = 'Dma' }
        @{ Filter = @{ Kind = 'Trap', 'Ended' }; Expected = 'Ended', 'Trap' }
        @{ Filter = @{ Device = 'console' }; Expected = 'Dma' }
        @{ Filter = @{ Hypercall = 'SEND_DMA' }; Expected = 'Hypercall' }
        @{ Filter = @{ Hypercall = 'SEND_DMA'; Device = 'console' }; Expected = 'Dma', 'Hypercall' }
        @{ Filter = @{ Hypercall = 'SEND_DMA'; Kind = 'All' }; Expected = 'Dma', 'Ended', 'Hypercall', 'Trap' }
    ) {
        Start-LguestGuest $examples/paging/paging.yaml @Filter | ForEach-Object { "$($_.Kind)" } | Sort-Object -Unique | Should -Be $Expected
    }

    It 'takes a hypercall as <Text>' -TestCases @(
        @{ Text = 'SEND_DMA'; Expected = 'SEND_DMA' }
        @{ Text = 'send_dma'; Expected = 'SEND_DMA' }
        @{ Text = '13'; Expected = 'SEND_DMA' }
        @{ Text = '0xd'; Expected = 'SEND_DMA' }
        @{ Text = '*_DMA'; Expected = 'BIND_DMA', 'SEND_DMA' }
    ) {
        (Start-LguestGuest $examples/ring/ring.yaml -Hypercall $Text).Name | Sort-Object -Unique | Should -Be $Expected
    }

    It 'leaves gaps in the sequence where events were not wanted' {
        (Start-LguestGuest $examples/ring/ring.yaml -Kind Dma).Sequence | Should -Be 4, 8, 14, 16, 21
    }

    It 'names the hypercalls there are when one is unknown' {
        $guest = New-LguestGuest $examples/ring/ring.yaml
        $thrown = { $guest | Start-LguestGuest -Hypercall NOTHING -ErrorAction Stop } | Should -Throw -PassThru
        $thrown.Exception.Message | Should -Match "'NOTHING'.*SEND_DMA"
        $thrown.TargetObject | Should -Be $guest
    }

    It 'pauses a guest that waits for input, says so, and goes on with it' {
        $guest = New-LguestGuest $examples/echo/echo.yaml
        $guest | Start-LguestGuest -WarningVariable warned -WarningAction SilentlyContinue | Out-Null
        $warned | Should -Match 'waits for input.*Send-LguestConsole'
        $guest.Standstill | Should -Be WaitingForInput
        $guest | Send-LguestConsole quit
        ($guest | Start-LguestGuest -Kind Ended).Ending | Should -Be PowerDown
    }

    It 'pauses after -TimeLimit' {
        $guest = New-LguestGuest $PSScriptRoot/guests/busy.yaml
        $guest | Start-LguestGuest -TimeLimit 0.05 -WarningAction SilentlyContinue
        $guest.Standstill | Should -Be TimeLimit
        $guest.State | Should -Be Paused
    }

    It 'is stopped by Ctrl-C and can be run on' {
        $guest = New-LguestGuest $examples/ring/ring.yaml
        $shell = [powershell]::Create().AddScript({
                param($module, $guest)
                Import-Module $module
                $guest | Start-LguestGuest | ForEach-Object { if ($guest.EventCount -ge 3) { Wait-Event never } }
            }).AddArgument($modulePath).AddArgument($guest)
        $running = $shell.BeginInvoke()
        Wait-Until { $guest.EventCount -ge 3 -or $running.IsCompleted }
        $shell.Stop()
        $guest.State | Should -Be Paused
        $seen = $guest.EventCount
        $shell.Dispose()
        ($guest | Start-LguestGuest)[-1].Sequence | Should -Be 23
        $seen | Should -BeLessThan 23
    }

    It 'is stopped by Ctrl-C while the guest makes no event' {
        $guest = New-LguestGuest $examples/echo/echo.yaml
        $job = $guest | Start-LguestGuest -AsJob
        Wait-Until { $guest.EventCount -ge 6 }
        $job | Stop-Job        # the guest by itself would wait for ever
        $guest.State | Should -Be Paused
        $job | Remove-Job
    }

    It 'refuses a second driver and names the first' {
        $guest = New-LguestGuest $examples/ring/ring.yaml
        $failed = $null
        $guest | Start-LguestGuest | Select-Object -First 1 | ForEach-Object {
            $guest | Step-LguestGuest -ErrorAction SilentlyContinue -ErrorVariable failed
        }
        $failed.FullyQualifiedErrorId | Should -Be 'GuestBusy,LguestPS.Cmdlets.StepLguestGuestCommand'
        $failed.CategoryInfo.Category | Should -Be ResourceBusy
        $failed.Exception.Message | Should -Match "Guest 'ring' is being run by Start-LguestGuest"
    }

    It 'can be stopped from its own pipeline' {
        $guest = New-LguestGuest $examples/ring/ring.yaml
        $guest | Start-LguestGuest | ForEach-Object { $guest | Stop-LguestGuest }
        $guest.Ending.Kind | Should -Be Stopped
    }

    It 'runs nothing with -WhatIf' {
        $guest = New-LguestGuest $examples/ring/ring.yaml
        $guest | Start-LguestGuest -WhatIf | Should -BeNullOrEmpty
        $guest.State | Should -Be Created
        Start-LguestGuest $examples/hello/hello.yaml -WhatIf
        Get-LguestGuest hello -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
    }

    It 'takes guests by name, as files and by property' {
        New-LguestGuest $examples/hello/hello.yaml | Out-Null
        (Start-LguestGuest hello -Kind Ended).Guest | Should -Be hello
        (Get-Item $examples/timer/timer.yaml | Start-LguestGuest -Kind Ended).Guest | Should -Be timer
        New-LguestGuest $examples/ring/ring.yaml | Out-Null
        ([pscustomobject]@{ Name = 'ring' } | Start-LguestGuest -Kind Ended).Guest | Should -Be ring
    }

    It 'says that a guest has ended' {
        $guest = New-LguestGuest $examples/hello/hello.yaml
        $guest | Wait-LguestGuest | Out-Null
        { $guest | Start-LguestGuest -ErrorAction Stop } | Should -Throw '*has ended: Power down*' -ErrorId 'GuestEnded,LguestPS.Cmdlets.StartLguestGuestCommand'
    }

    It 'warns once of a guest that makes no progress' {
        $guest = New-LguestGuest -Kernel $repository/tests/guests/busy.elf -CommandLine traps -Memory 16MB -InstructionLimit 1000000
        $summary = $guest | Start-LguestGuest -Summary -WarningVariable warned -WarningAction SilentlyContinue
        @($warned -match 'makes no progress: 10,000 times in a row #PF for 0xffc00000').Count | Should -Be 1
        $guest.NoProgress | Should -Match 'makes no progress'
        $summary.NoProgress | Should -Match 'in a row'
    }

    It 'shows progress only while nothing is written' {
        $guest = New-LguestGuest $PSScriptRoot/guests/busy.yaml -Clock Host
        $shell = [powershell]::Create().AddScript({
                param($module, $guest)
                Import-Module $module
                $guest | Start-LguestGuest -Kind Trap
            }).AddArgument($modulePath).AddArgument($guest)
        $running = $shell.BeginInvoke()
        Wait-Until { $shell.Streams.Progress.Count -gt 0 }
        $guest | Stop-LguestGuest
        $shell.EndInvoke($running) | Should -BeNullOrEmpty
        "$($shell.Streams.Progress[0].StatusDescription)" | Should -Match 'instructions'
        $shell.Dispose()
    }
}

Describe 'Start-LguestGuest with parameters of a definition' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'puts them before what the file says' {
        $guest = Start-LguestGuest $examples/timer/timer.yaml -Name quick -Clock Virtual -Memory 8MB -CommandLine x -Cpu Emulated -Tsc Off -Compile Off -DirectTraps Off `
            -SampleEvery 1000 -InstructionLimit 900 -SocketLimit 9 -RebootLimit 3 -Abi dma-2007-10 -PassThru -WarningAction SilentlyContinue | Select-Object -Last 1
        $guest.Name | Should -Be quick
        $definition = $guest.Definition
        $definition.Clock, $definition.Memory, $definition.CommandLine, $definition.Cpu, $definition.Tsc, $definition.Compile, $definition.DirectTraps, $definition.SampleEvery, $definition.Abi |
            Should -Be Virtual, 8MB, x, Emulated, Off, Off, Off, 1000, dma-2007-10
        $definition.Limits.Instructions, $definition.Limits.Sockets, $definition.Limits.Reboots | Should -Be 900, 9, 3
        $guest.Standstill | Should -Be InstructionLimit
    }

    It 'has every parameter of New-LguestGuest that no run has for itself' {
        $of = { param($name) (Get-Command $name).Parameters.Keys }
        $new = (& $of New-LguestGuest) | Where-Object { $_ -notin 'Path', 'Definition', 'Kernel', 'PipedObject', 'Find' }
        $new | Where-Object { $_ -notin (& $of Start-LguestGuest) } | Should -BeNullOrEmpty
        $new | Where-Object { $_ -notin (& $of Step-LguestGuest) } | Should -Be Device, Record, Replay
    }

    It 'names the file and the parameter that do not fit together' {
        { Start-LguestGuest $examples/timer/timer.yaml -Memory 1048577 -ErrorAction Stop } | Should -Throw 'timer.yaml with -Memory: memory of 1048577 bytes is not possible;*' -ErrorId 'InvalidDefinition,*'
        { Start-LguestGuest $PSScriptRoot/guests/busy.yaml -Clock Virtual -Cpu Kvm -ErrorAction Stop } | Should -Throw "busy.yaml with -Clock: clock 'virtual' counts instructions, which 'cpu: kvm' cannot;*"
        { New-LguestGuest $PSScriptRoot/guests/busy.yaml -Cpu Kvm -InstructionLimit 5 -ErrorAction Stop } | Should -Throw "busy.yaml with -*: *'cpu: kvm'*"
        { Step-LguestGuest $examples/timer/timer.yaml -Initrd nowhere -ErrorAction Stop } | Should -Throw "*nowhere*" -ErrorId 'FileUnavailable,*'
        Get-LguestGuest | Should -BeNullOrEmpty
    }

    It 'refuses them for a guest that is there already, and for a recording' {
        $guest = New-LguestGuest $examples/timer/timer.yaml
        { $guest | Start-LguestGuest -Memory 8MB -ErrorAction Stop } | Should -Throw "Guest 'timer' has been made already; -Memory is for a guest that is made from a definition." -ErrorId 'InvalidValue,*'
        { $guest | Step-LguestGuest -Clock Virtual -ErrorAction Stop } | Should -Throw '*-Clock is for a guest that is made from a definition.'
        { Start-LguestGuest $examples/timer/timer.yaml -Replay -Clock Virtual -ErrorAction Stop } | Should -Throw 'A replay is of the guest that was recorded; -Clock*'
    }
}
