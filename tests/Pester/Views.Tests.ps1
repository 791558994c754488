BeforeAll {
    . $PSScriptRoot/Setup.ps1
    function Show { $input | Out-String -Width 130 | ForEach-Object { $_ -replace '\e\[[\d;]*m' } }
}
AfterAll { Get-LguestGuest | Remove-LguestGuest }

Describe 'The table of events' {
    It 'lines up all kinds under one heading' {
        $text = Start-LguestGuest $examples/paging/paging.yaml | Show
        ([regex]::Matches($text, 'Sequence +Time +Kind +What')).Count | Should -Be 1
        $lines = $text.Trim() -split '\r?\n'
        $column = $lines[0].IndexOf('What')
        $lines | Select-Object -Skip 2 | ForEach-Object { $_.Substring($column - 1, 1) | Should -Be ' '; $_[$column] | Should -Not -Be ' ' }
        $text | Should -Match 'Trap +#PF at 0x'
        $text | Should -Match 'Hypercall +SET_PTE\(directory=0x'
    }

    It 'shows what a console gets as text' {
        Start-LguestGuest $examples/hello/hello.yaml | Show | Should -Match 'console <- "Hello.*\\n"'
    }

    It 'looks the same with Format-Table' {
        (Start-LguestGuest $examples/timer/timer.yaml | Format-Table | Show) | Should -Be (Start-LguestGuest $examples/timer/timer.yaml | Show)
    }

    It 'has its columns as properties' {
        $first = Start-LguestGuest $examples/ring/ring.yaml | Select-Object -First 1 Sequence, Time, Kind, What
        $first.What | Should -Match LGUEST_INIT
        $first.Time | Should -BeOfType timespan
    }
}

Describe 'Lists' {
    It 'show addresses in hexadecimal' {
        Start-LguestGuest $examples/ring/ring.yaml -Hypercall SEND_DMA | Select-Object -First 1 | Format-List | Show | Should -Match 'Eip +: 0xc0'
    }
    It 'show the registers in hexadecimal' {
        (New-LguestGuest $examples/hello/hello.yaml).Registers | Show | Should -Match 'Eip +: 0xc01'
    }
    It 'dump what a disk transfers' {
        Start-LguestGuest $examples/disk/disk.yaml -Device block0 -WarningAction SilentlyContinue | Where-Object Data | Select-Object -First 1 | Format-List | Show | Should -Match '0000  5468 6973 .*This is'
    }
}

Describe 'Every public type' {
    It 'has a view: <_>' -ForEach @(
        'HypercallEvent', 'DmaEvent', 'TrapEvent', 'InterruptEvent', 'GuestEndedEvent', 'DmaSection', 'Guest', 'GuestEnding', 'GuestRegisters',
        'Hypercall', 'PendingDma', 'GuestDefinition', 'GuestLimits', 'ConsoleDefinition', 'BlockDefinition', 'SharedNetDefinition', 'UserNetDefinition', 'TapNetDefinition',
        'AbiProfile', 'HypercallDefinition', 'HypercallParameter', 'HostReport', 'Cmdlets.GuestJob', 'LoadPlan', 'LoadedPart',
        'GuestDisk', 'GuestNetwork', 'RunSummary', 'SummaryRow', 'SymbolTable', 'SymbolLocation'
    ) {
        Get-FormatData -TypeName "LguestPS.$_" | Should -Not -BeNullOrEmpty
        Get-FormatData -TypeName "Deserialized.LguestPS.$_" | Should -Not -BeNullOrEmpty
    }

    It 'can be shown' {
        $guest = New-LguestGuest $examples/ring/ring.yaml
        $guest | Step-LguestGuest -Until { $_.PendingDma } | Out-Null
        $call = $guest.Abi.Hypercalls[3]
        foreach ($thing in $guest, $guest.PendingHypercall, $guest.NextCall, $guest.PendingDma, $guest.Registers, $guest.Definition, $guest.Abi,
            $call, $call.Parameters[0], (Test-LguestHost), [LguestPS.Guest]::Plan($guest.Definition)) {
            $thing | Format-Table | Show | Should -Not -BeNullOrEmpty
            $thing | Format-List | Show | Should -Not -BeNullOrEmpty
        }
        $Error.Clear()
        $guest | Format-List | Show | Should -Match 'PendingHypercall : FLUSH_ASYNC'
        $Error | Should -BeNullOrEmpty
    }
}
