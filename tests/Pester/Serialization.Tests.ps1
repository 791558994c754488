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
            foreach ($name in $live[$i].PSObject.Properties.Name | Where-Object { $_ -notin 'Sections', 'Arguments', 'Data', 'HostTime' }) {
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
