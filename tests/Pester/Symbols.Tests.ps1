BeforeAll {
    . $PSScriptRoot/Setup.ps1
    function Show { $input | Out-String -Width 120 | ForEach-Object { $_ -replace '\e\[[\d;]*m' } }
}
AfterAll { Get-LguestGuest | Remove-LguestGuest }

Describe 'Symbols' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'name where the kernel was' {
        $events = Start-LguestGuest $examples/timer/timer.yaml
        ($events | Where-Object Kind -EQ Interrupt)[0].Symbol | Should -Match '^\w+(\+0x[0-9a-f]+)?$'
        ($events | Where-Object Name -EQ LOAD_IDT_ENTRY)[0].Decoded | Should -Match 'handler=0x[0-9a-f]{8} <trap_entries.*> gate=interrupt dpl='
    }

    It 'can be looked up' {
        $guest = New-LguestGuest $examples/paging/paging.yaml
        $main = $guest.Symbols.AddressOf('main')
        "$($guest.Symbols.Find($main + 4))" | Should -Be main+0x4
        $guest.Symbols | Show | Should -Match 'paging\.elf'
        $guest.Symbols.Find($main) | Show | Should -Match "0x$($main.ToString('x8')) +0x0 main"
    }

    It 'come from a System.map with -SymbolPath' {
        Set-Content TestDrive:/System.map "c0100000 T everything`nc0200000 A _end"
        $guest = New-LguestGuest $examples/hello/hello.yaml -SymbolPath TestDrive:/System.map
        $guest.Definition.Symbols | Should -BeLike '*System.map'
        ($guest | Start-LguestGuest -Kind Hypercall | Select-Object -First 1).Symbol | Should -Match '^everything\+0x'
    }

    It 'come from a System.map for a guest that is made to be run or stepped' {
        Set-Content TestDrive:/System.map "c0100000 T everything`nc0200000 A _end"
        (Start-LguestGuest $examples/hello/hello.yaml -SymbolPath TestDrive:/System.map)[0].Symbol | Should -Match '^everything\+0x'
        (Step-LguestGuest $examples/hello/hello.yaml -SymbolPath TestDrive:/System.map -Count 9)[0].Symbol | Should -Match '^everything\+0x'
        $guest = New-LguestGuest $examples/hello/hello.yaml -Name made
        { $guest | Start-LguestGuest -SymbolPath TestDrive:/System.map -ErrorAction Stop } | Should -Throw "Guest 'made' has been made already; -SymbolPath is for*"
    }

    It 'are given beside a name' {
        Set-Content TestDrive:/System.map "c0100000 T everything`nc0200000 A _end"
        (Step-LguestGuest $examples/hello/hello.yaml -Name another -SymbolPath TestDrive:/System.map -Count 9)[0].Guest | Should -Be another
    }

    It 'come from a System.map for a recording that is replayed' {
        Set-Content TestDrive:/System.map "c0100000 T everything`nc0200000 A _end"
        New-LguestGuest $examples/hello/hello.yaml -Clock Virtual | Start-LguestGuest -RecordPath TestDrive:/run.lguest | Out-Null
        (Start-LguestGuest -Replay TestDrive:/run.lguest -SymbolPath TestDrive:/System.map)[0].Symbol | Should -Match '^everything\+0x'
        { Start-LguestGuest -Replay TestDrive:/run.lguest -SymbolPath nowhere -ErrorAction Stop } | Should -Throw '*do not exist*'
    }

    It 'must be in a file that can have them' {
        { New-LguestGuest $examples/hello/hello.yaml -SymbolPath $examples/hello/hello.yaml -ErrorAction Stop } | Should -Throw '*neither an ELF file nor a System.map*'
        { New-LguestGuest $examples/hello/hello.yaml -SymbolPath nowhere -ErrorAction Stop } | Should -Throw '*does not exist*'
    }

    It 'stay with events in a file' {
        $call = Start-LguestGuest $examples/hello/hello.yaml -Kind Hypercall | Select-Object -First 1
        $call | Export-Clixml TestDrive:/call.xml
        (Import-Clixml TestDrive:/call.xml).Symbol | Should -Be $call.Symbol
        $call | Format-List | Show | Should -Match 'Symbol +: \w'
    }
}

Describe 'Start-LguestGuest -Summary' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'writes a summary and no event' {
        $summary = Start-LguestGuest $examples/ring/ring.yaml -Summary
        $summary | Should -BeOfType LguestPS.RunSummary
        ($summary.Rows | Measure-Object Count -Sum).Sum | Should -Be 22     # all but the end
        $summary | Show | Should -Match '(?m)^Hypercall, ring SEND_DMA +\d+ '
        $summary.Rows | Show | Should -Match 'Kind +Origin +Name +Count +PerSecond'
        $summary | Format-Table | Show | Should -Match 'ring +\d+\.\d{3} '
    }

    It 'adds it to the events that are asked for' {
        $all = Start-LguestGuest $examples/ring/ring.yaml -Summary -Device console
        $all | Select-Object -SkipLast 1 | ForEach-Object { $_ | Should -BeOfType LguestPS.DmaEvent }
        ($all[-1].Rows | Where-Object Kind -EQ Dma).Count | Should -Be ($all.Count - 1)
    }

    It 'keeps its rows in a file' {
        Start-LguestGuest $examples/ring/ring.yaml -Summary | Export-Clixml TestDrive:/summary.xml
        $stored = Import-Clixml TestDrive:/summary.xml
        ($stored.Rows | Where-Object Name -EQ BIND_DMA).Count | Should -BeGreaterThan 0
        $stored | Show | Should -Match 'BIND_DMA'
    }
}
