BeforeAll {
    . $PSScriptRoot/Setup.ps1
    $live = Start-LguestGuest $examples/disk/disk.yaml -WarningAction SilentlyContinue
    $live | Export-Clixml TestDrive:/events.xml
    $stored = Import-Clixml TestDrive:/events.xml
}

Describe 'Events in a file' {
    It 'are all there' {
        $stored.Count | Should -Be $live.Count
        $stored[0].PSObject.TypeNames[0] | Should -Be Deserialized.LguestPS.HypercallEvent
    }

    It 'keep every property of every kind' {
        for ($i = 0; $i -lt $live.Count; $i++) {
            foreach ($name in $live[$i].PSObject.Properties.Name | Where-Object { $_ -notin 'Sections', 'Arguments', 'Data', 'HostTime', 'Position' }) {
                "$($live[$i].Kind).$name=$($stored[$i].$name)" | Should -Be "$($live[$i].Kind).$name=$($live[$i].$name)"
            }
        }
    }

    It 'keep their arguments as numbers' {
        $index = [array]::FindIndex($live, [Predicate[object]] { $args[0].Name -eq 'SEND_DMA' })
        $stored[$index].Arguments | Should -Be $live[$index].Arguments
        $stored[$index].Arguments[0] | Should -BeOfType uint
    }

    It 'keep the bytes of every section' {
        $transfers = $live | Where-Object { $_.Kind -eq 'Dma' -and $_.Sections.Count }
        $transfers.Count | Should -BeGreaterThan 5
        $copies = $stored | Where-Object { "$($_.Kind)" -eq 'Dma' -and $_.Sections.Count }
        for ($i = 0; $i -lt $transfers.Count; $i++) {
            for ($n = 0; $n -lt $transfers[$i].Sections.Count; $n++) {
                , $copies[$i].Sections[$n].Data | Should -BeOfType byte[]
                [Convert]::ToHexString($copies[$i].Sections[$n].Data) | Should -Be ([Convert]::ToHexString($transfers[$i].Sections[$n].Data))
                $copies[$i].Sections[$n].Address | Should -Be $transfers[$i].Sections[$n].Address
            }
            [Convert]::ToHexString($copies[$i].Data) | Should -Be ([Convert]::ToHexString($transfers[$i].Data))
        }
    }

    It 'look the same' {
        ($stored | Format-Table | Out-String -Width 120) | Should -Be ($live | Format-Table | Out-String -Width 120)
        foreach ($kind in 'Hypercall', 'Dma', 'Interrupt', 'Ended') {
            ($stored | Where-Object { "$($_.Kind)" -eq $kind } | Select-Object -First 1 | Format-List | Out-String) -replace 'HostTime.*' |
                Should -Be (($live | Where-Object Kind -EQ $kind | Select-Object -First 1 | Format-List | Out-String) -replace 'HostTime.*')
        }
    }
}

Describe 'Events from Start-Job' {
    It 'keep their data' {
        $events = Start-Job {
            Import-Module $using:modulePath
            Start-LguestGuest "$using:examples/hello/hello.yaml" -Kind Dma, Ended
        } | Receive-Job -Wait -AutoRemoveJob
        $events[0].PSObject.TypeNames | Should -Contain Deserialized.LguestPS.DmaEvent
        [Text.Encoding]::UTF8.GetString($events[0].Sections[0].Data) | Should -Match Hello
        $events[0].Text | Should -Match Hello
        "$($events[-1].Ending)" | Should -Be PowerDown
    }
}

Describe 'Events in a session that knows nothing of this module' {
    BeforeAll {
        $file = (Get-Item TestDrive:/events.xml).FullName
        function Bare([string] $Command) { & (Get-Command pwsh -CommandType Application | Select-Object -First 1).Source -NoProfile -NonInteractive -Command $Command }
    }

    It 'keep the names of their kinds' {
        $expected = @($live | Where-Object Kind -EQ Hypercall).Count
        $expected | Should -BeGreaterThan 5
        Bare "@(Import-Clixml '$file' | Where-Object Kind -EQ Hypercall).Count" | Should -Be $expected
    }

    It 'have no value but texts, numbers, times and lists of them' {
        $types = Bare @"
            function Types(`$value) {
                if (`$null -eq `$value) { return }
                if (`$value -is [Collections.IEnumerable] -and `$value -isnot [string]) { `$value | ForEach-Object { Types `$_ } }
                elseif (`$value -is [pscustomobject]) { `$value.PSObject.Properties | ForEach-Object { Types `$_.Value } }
                else { `$value.GetType().Name }
                if (`$value.PSObject.TypeNames[0] -match 'Kinds|Origin|Direction|Outcome|Ending') { `$value.PSObject.TypeNames[0] }
            }
            Import-Clixml '$file' | ForEach-Object { Types `$_ } | Select-Object -Unique
"@
        $types | Should -BeIn String, Byte, Int32, UInt32, Int64, TimeSpan, DateTime, Deserialized.LguestPS.GuestEndedEvent
    }

    It 'make the same trace as those that never left' {
        $live | Export-LguestTrace TestDrive:/live.trace
        $stored | Export-LguestTrace TestDrive:/stored.trace
        Get-Content TestDrive:/stored.trace | Should -Be (Get-Content TestDrive:/live.trace)
    }
}

Describe 'A trace of something else' {
    It 'is an error that names the kinds' {
        [pscustomobject]@{ Kind = 1; Summary = 'LGUEST_INIT' } | Export-LguestTrace TestDrive:/other.trace -ErrorVariable problem -ErrorAction SilentlyContinue
        "$problem" | Should -Match "kind '1'.*Hypercall, Dma, Kick, Virtqueue, Trap"
    }
}

Describe 'Events as JSON' {
    It 'have names for enumerations, whatever the depth' {
        $events = $live | ConvertTo-Json -Depth 4 | ConvertFrom-Json
        $events.Kind | Should -Be $live.Kind
        ($events | Where-Object Kind -EQ Hypercall).Origin | Should -BeIn Trap, Ring
        ($events | Where-Object Kind -EQ Dma).Direction | Should -BeIn Send, Receive
        ($events | Where-Object Kind -EQ Ended).Ending | Should -Be PowerDown
    }

    It 'have their bytes and their time once' {
        $dma = $live | Where-Object { $_.Kind -eq 'Dma' -and $_.Sections.Count } | Select-Object -First 1
        $read = $dma | ConvertTo-Json -WarningVariable cut | ConvertFrom-Json
        $cut | Should -BeNullOrEmpty
        [Convert]::ToHexString([byte[]]$read.Data) | Should -Be ([Convert]::ToHexString($dma.Data))
        $read.Sections[0].PSObject.Properties.Name | Should -Be Address, Length
        @($read.PSObject.Properties.Name -match 'Time').Count | Should -Be 2
    }
}

Describe 'Events as CSV' {
    It 'are readable' {
        $calls = $live | Where-Object Kind -EQ Hypercall | ConvertTo-Csv | ConvertFrom-Csv
        $calls[0].Kind | Should -Be Hypercall
        $calls[0].Arguments | Should -Match '^0x[0-9a-f]{8}'
        $calls.PSObject.Properties.Name | Should -Not -Contain Time
        $dma = $live | Where-Object { $_.Kind -eq 'Dma' -and $_.Sections.Count } | ConvertTo-Csv | ConvertFrom-Csv | Select-Object -First 1
        $dma.Sections | Should -Match '^0x[0-9a-f]{8}\+\d+'
        $dma.Data | Should -Match '^[0-9a-f]+$'
    }

    It 'have no cell that is only the name of a type' {
        foreach ($kind in $live | Group-Object Kind) { $kind.Group | ConvertTo-Csv | Should -Not -Match 'System\.|LguestPS\.' }
    }
}

Describe 'Everything else that comes out of cmdlets' {
    BeforeDiscovery {
        $kinds = @(
            @{ Kind = 'Guest'; Make = { $guest } }
            @{ Kind = 'GuestDefinition'; Make = { $guest.Definition } }
            @{ Kind = 'GuestDisk'; Make = { $guest.Disks[0] } }
            @{ Kind = 'Checkpoint'; Make = { $guest | Checkpoint-LguestGuest } }
            @{ Kind = 'Breakpoint'; Make = { $guest | Set-LguestBreakpoint -Hypercall SEND_DMA } }
            @{ Kind = 'GuestRegister'; Make = { $guest | Get-LguestRegister eax } }
            @{ Kind = 'CallStackFrame'; Make = { $guest | Get-LguestCallStack | Select-Object -First 1 } }
            @{ Kind = 'GuestDescriptor'; Make = { $guest | Get-LguestDescriptor | Select-Object -First 1 } }
            @{ Kind = 'MemoryBlock'; Make = { $guest | Get-LguestMemory 0xc0100000 } }
            @{ Kind = 'DisassembledInstruction'; Make = { $guest | Get-LguestDisassembly | Select-Object -First 1 } }
            @{ Kind = 'PageTableWalk'; Make = { $guest | Get-LguestPageTable 0xc0100000 } }
            @{ Kind = 'BoundDmaArray'; Make = { $guest | Get-LguestDma } }
            @{ Kind = 'HotCode'; Make = { $guest | Get-LguestHotCode | Select-Object -First 1 } }
            @{ Kind = 'KernelReport'; Make = { Get-LguestKernel $examples/ring/ring.elf } }
            @{ Kind = 'HostReport'; Make = { Test-LguestHost } }
            @{ Kind = 'GuestMatrix'; Make = { Get-LguestMatrix $examples/nightly.yaml } }
            @{ Kind = 'MatrixCell'; Make = { (Get-LguestMatrix $examples/nightly.yaml).Cells[0] } }
            @{ Kind = 'MatrixResult'; Make = { Invoke-LguestMatrix $examples/nightly.yaml -Index 2 } }
        )
    }
    BeforeAll {
        $guest = New-LguestGuest $examples/disk/disk.yaml -Clock Virtual -Record -SampleEvery 100
        $guest | Step-LguestGuest -Until { $_.PendingDma } -WarningAction SilentlyContinue -InformationAction SilentlyContinue | Out-Null
        function Copied($Object) { [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($Object)) }
    }
    AfterAll { Get-LguestGuest | Remove-LguestGuest }

    It 'keeps its properties and its look: <Kind>' -ForEach $kinds {
        $own = & $Make
        $own.PSObject.TypeNames[0] | Should -Be "LguestPS.$Kind"
        $copy = Copied $own
        $copy.PSObject.TypeNames | Should -Contain "Deserialized.LguestPS.$Kind"
        foreach ($name in $own.PSObject.Properties.Name | Where-Object { $own.$_ -isnot [Collections.IDictionary] }) { "$name=$($copy.$name)" | Should -Be "$name=$($own.$name)" }
        foreach ($shape in 'Format-Table', 'Format-List') { ($copy | & $shape | Out-String -Width 120) | Should -Be ($own | & $shape | Out-String -Width 120) }
    }

    It 'has names in JSON, not numbers: <Kind>' -ForEach $kinds {
        $own = & $Make
        $read = $own | ConvertTo-Json -Depth 3 -WarningAction SilentlyContinue | ConvertFrom-Json
        foreach ($property in $own.PSObject.Properties | Where-Object Value -Is [enum]) { $read.($property.Name) | Should -Be "$($property.Value)" }
    }

    It 'says of a guest and of a checkpoint where they are' {
        foreach ($copy in (Copied $guest), (Copied ($guest | Checkpoint-LguestGuest))) { $copy.HostName, $copy.ProcessId | Should -Be ([Environment]::MachineName), $PID }
        { Copied $guest | Stop-LguestGuest } | Should -Throw "*'disk' is a copy of an object in another process (process $PID on $([Environment]::MachineName))*Invoke-Command*"
        { Copied ($guest | Get-LguestRegister eax) | Step-LguestGuest } | Should -Throw "*This GuestRegister of guest 'disk' is a copy of an object in another process*"
        { Copied ($guest | Checkpoint-LguestGuest) | Restore-LguestGuest -ErrorAction Stop } | Should -Throw '*memory of another process*'
        $guest.State | Should -Be Paused
    }

    It 'comes from Start-Job with its process' {
        $copy = Start-Job { Import-Module $using:modulePath; New-LguestGuest "$using:examples/ring/ring.yaml" } | Receive-Job -Wait -AutoRemoveJob
        $copy.Name | Should -Be ring
        $copy.ProcessId | Should -Not -Be $PID
        { $copy | Start-LguestGuest } | Should -Throw "*process $($copy.ProcessId) on*"
    }

    It 'comes from Start-ThreadJob as itself' {
        $own = Start-ThreadJob { Import-Module $using:modulePath; New-LguestGuest "$using:examples/ring/ring.yaml" -Clock Virtual } | Receive-Job -Wait -AutoRemoveJob
        $own | Should -BeOfType LguestPS.Guest
        ($own | Start-LguestGuest -Kind Ended).Ending | Should -Be PowerDown
    }
}
