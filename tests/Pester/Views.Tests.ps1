BeforeAll {
    . $PSScriptRoot/Setup.ps1
    function Show { $input | Out-String -Width 142 | ForEach-Object { $_ -replace '\e\[[\d;]*m' } }
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

    It 'says of which guest each event is' {
        $events = @(Start-LguestGuest $examples/ring/ring.yaml | Select-Object -First 2) + @(Start-LguestGuest $examples/hello/hello.yaml | Select-Object -First 1)
        $lines = ($events | Show).Trim() -split '\r?\n'
        $lines[2] | Should -Match "^$($events[0].Guest) "
        $lines[-1] | Should -Match "^$($events[-1].Guest) "
    }

    It 'shows times of any length in its column' -ForEach @(
        @{ Seconds = 0.0000002; Shown = '0.000000' }
        @{ Seconds = 9999.5; Shown = '9999.500000' }
        @{ Seconds = 12345.678901; Shown = '12345.67890' }
        @{ Seconds = 123456789; Shown = '123456789.0' }
        @{ Seconds = 12345678901; Shown = '12345678901' }
    ) {
        [LguestPS.Cmdlets.Views]::Seconds([timespan]::FromSeconds($Seconds)) | Should -Be $Shown
    }

    It 'has its columns as properties' {
        $first = Start-LguestGuest $examples/ring/ring.yaml | Select-Object -First 1 Sequence, Time, Kind, What
        $first.What | Should -Match LGUEST_INIT
        $first.Time | Should -BeOfType timespan
    }
}

Describe 'Views on a terminal of 80 columns' {
    BeforeAll {
        $guest = New-LguestGuest $examples/disk/disk.yaml -WarningAction SilentlyContinue
        $guest | Step-LguestGuest -Until { $_.PendingDma } | Out-Null
        $breakpoint = $guest | Set-LguestBreakpoint -Hypercall SEND_DMA -Condition { $_.Call.Number -eq 13 } -Action { 'seen' }
    }

    It 'cut no heading: <Name>' -ForEach @(
        @{ Name = 'the eras'; Show = { [LguestPS.AbiProfile]::All } }
        @{ Name = 'disks'; Show = { $guest.Disks } }
        @{ Name = 'guests'; Show = { $guest } }
        @{ Name = 'registers'; Show = { $guest.Registers } }
        @{ Name = 'call stacks'; Show = { $guest | Get-LguestCallStack } }
        @{ Name = 'DMA'; Show = { $guest | Get-LguestDma } }
        @{ Name = 'descriptors'; Show = { $guest | Get-LguestDescriptor } }
        @{ Name = 'breakpoints'; Show = { $breakpoint } }
        @{ Name = 'the host'; Show = { Test-LguestHost } }
        @{ Name = 'events'; Show = { Start-LguestGuest $examples/timer/timer.yaml } }
    ) {
        $text = & $Show | Format-Table | Out-String -Width 80 | ForEach-Object { $_ -replace '\e\[[\d;]*m' }
        $lines = $text -split '\r?\n' | Where-Object { $_.Trim() }
        $lines | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 80 }
        # The line after a heading that was not cut has nothing but dashes.
        $lines[1] | Should -Match '^[- ]+$'
        $lines[0] | Should -Not -Match '…'
    }

    It 'show the script blocks of breakpoints' {
        $text = $breakpoint | Format-List | Show
        $text | Should -Match 'Condition : \{ \$_\.Call\.Number -eq 13 \}'
        $text | Should -Match "Action    : \{ 'seen' \}"
    }

    It 'have no address in decimal' {
        foreach ($type in [LguestPS.Guest].Assembly.GetExportedTypes()) {
            foreach ($view in (Get-FormatData -TypeName $type.FullName).FormatViewDefinition | Where-Object { $_.Control -is [System.Management.Automation.ListControl] }) {
                foreach ($item in $view.Control.Entries.Items | Where-Object { "$($_.DisplayEntry.ValueType)" -eq 'Property' }) {
                    $property = $type.GetProperty($item.DisplayEntry.Value)
                    if ($property.PropertyType -in [uint], [Nullable[uint]]) { $property.Name | Should -BeIn Number, UsedLength, Size, Pages -Because "$type" }
                }
            }
        }
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
        'HypercallEvent', 'DmaEvent', 'KickEvent', 'VirtqueueEvent', 'VirtqueueDescriptor', 'PendingKick', 'GuestVirtqueue', 'WaitingBuffer', 'TrapEvent', 'InterruptEvent', 'GuestRebootedEvent', 'GuestEndedEvent', 'DmaSection', 'Guest', 'GuestEnding', 'GuestRegisters',
        'Hypercall', 'PendingDma', 'GuestDefinition', 'GuestLimits', 'ConsoleDefinition', 'BlockDefinition', 'SharedNetDefinition', 'UserNetDefinition', 'TapNetDefinition',
        'AbiProfile', 'HypercallDefinition', 'HypercallParameter', 'HostReport', 'KernelRange', 'KernelReport', 'KernelDriver', 'Cmdlets.GuestJob', 'LoadPlan', 'LoadedPart',
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
            $call, $call.Parameters[0], (Test-LguestHost), (Test-LguestHost).Kernels[0], (Get-LguestKernel $examples/hello/hello.elf), [LguestPS.Guest]::Plan($guest.Definition)) {
            $thing | Format-Table | Show | Should -Not -BeNullOrEmpty
            $thing | Format-List | Show | Should -Not -BeNullOrEmpty
        }
        $Error.Clear()
        $guest | Format-List | Show | Should -Match 'PendingHypercall : FLUSH_ASYNC'
        $Error | Should -BeNullOrEmpty
    }
}
