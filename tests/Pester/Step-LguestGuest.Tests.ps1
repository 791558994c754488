BeforeAll { . $PSScriptRoot/Setup.ps1 }

Describe 'Step-LguestGuest' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    BeforeEach { $guest = New-LguestGuest $examples/ring/ring.yaml }

    It 'moves from one standstill to the next' {
        $happened = 1..5 | ForEach-Object {
            $done = $guest | Step-LguestGuest
            "$(($done | ForEach-Object { $_.Kind -eq 'Dma' ? 'served' : $_.Name }) -join ' ')|$($guest.Standstill)|$($guest.PendingDma ? 'dma' : $guest.NextCall.Name)"
        }
        $happened | Should -Be @(
            '|Hypercall|LGUEST_INIT'
            'LGUEST_INIT|Hypercall|SET_CLOCKEVENT'
            'SET_CLOCKEVENT|RingEntry|SEND_DMA'
            'SEND_DMA|Dma|dma'
            'served|RingEntry|BIND_DMA'
        )
    }

    It 'keeps the direct call pending while the launcher serves a DMA from the ring' {
        $guest | Step-LguestGuest -Until { $guest.PendingDma } | Out-Null
        $guest.PendingHypercall.Name | Should -Be 'FLUSH_ASYNC'
        $guest.PendingDma.Device | Should -Be console
        $guest.ConsoleText | Should -BeNullOrEmpty
        $guest | Step-LguestGuest | ForEach-Object Text | Should -Be "ring: first text`n"
        $guest.PendingHypercall.Name | Should -Be 'FLUSH_ASYNC'
    }

    It 'gives the condition the guest as $_ and its own scope' {
        $wanted = 'TS'
        $guest | Step-LguestGuest -Until { $_.NextCall.Name -eq $wanted } | Out-Null
        $guest.NextCall.Slot | Should -Be 5
    }

    It 'takes -Count steps at once' {
        ($guest | Step-LguestGuest -Count 4).Name | Should -Be LGUEST_INIT, SET_CLOCKEVENT, SEND_DMA
        $guest.Standstill | Should -Be Dma
    }

    It 'stops before a hypercall is done, in the ring and direct' {
        ($guest | Step-LguestGuest -Hypercall BIND_DMA)[-1].Kind | Should -Be Dma
        $guest.NextCall.Slot | Should -Be 2
        $guest | Step-LguestGuest -Hypercall CRASH | Out-Null
        $guest.NextCall.Slot | Should -BeNullOrEmpty
        $guest.State | Should -Be Paused
        ($guest | Step-LguestGuest -Hypercall CRASH)[-1].Kind | Should -Be Ended
    }

    It 'steps by instruction' {
        $guest | Step-LguestGuest -Instruction -Count 10 | Should -BeNullOrEmpty
        $guest.InstructionCount | Should -Be 10
        $guest.Standstill | Should -Be Instruction
        $eip = $guest.Registers.Eip
        $guest | Step-LguestGuest -Instruction
        $guest.Registers.Eip | Should -Not -Be $eip
    }

    It 'steps by instruction until a condition holds' {
        $guest | Step-LguestGuest -Instruction -Until { $_.InstructionCount -ge 100 }
        $guest.InstructionCount | Should -Be 100
    }

    It 'ends with the guest, whatever the condition' {
        ($guest | Step-LguestGuest -Until { $false }).Sequence | Should -Be (1..23)
        $guest.State | Should -Be Ended
    }

    It 'gives the same events as running' {
        $stepped = while ($guest.State -ne 'Ended') { $guest | Step-LguestGuest }
        $run = Start-LguestGuest $examples/ring/ring.yaml
        $stepped | ForEach-Object Summary | Should -Be ($run | ForEach-Object Summary)
    }

    It 'takes the path of a definition' {
        (Step-LguestGuest $examples/hello/hello.yaml -Count 2).Guest | Select-Object -Unique | Should -Be hello
        (Get-LguestGuest hello).State | Should -Be Paused
    }

    It 'passes on an error of the condition and leaves the guest alone' {
        { $guest | Step-LguestGuest -Until { throw 'oh' } } | Should -Throw '*oh*'
        $guest.State | Should -Be Paused
        $guest.Driver | Should -BeNullOrEmpty
    }

    It 'refuses a hypercall name that means several' {
        { $guest | Step-LguestGuest -Hypercall LOAD_* -ErrorAction Stop } | Should -Throw '*several*' -ErrorId 'InvalidDefinition,*'
    }
}
