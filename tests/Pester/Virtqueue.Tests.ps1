BeforeAll {
    . $PSScriptRoot/Setup.ps1
    function Show { $input | Out-String -Width 80 | ForEach-Object { $_ -replace '\e\[[\d;]*m' } }
    function New-Minikernel {
        $new = New-LguestGuest -Kernel $PSScriptRoot/../guests/minikernel/minikernel-3.1.elf -Abi virtio-3.1 -Memory 4MB -Cpu Emulated -Clock Events `
            -CommandLine 'cooperative input' -Device console, @{ block = @{ path = "$examples/disk/disk.img"; mode = 'snapshot' } }
        $new | Send-LguestConsole Paul
        $new
    }
}
AfterAll { Get-LguestGuest | Remove-LguestGuest }

Describe 'Guests with virtio devices' {
    BeforeAll {
        $guest = New-Minikernel
        $guest | Set-LguestBreakpoint -Device block0 -Queue 0 | Out-Null
        $before = $guest | Start-LguestGuest
    }

    It 'have kicks and buffers as events' {
        $kick = $before | Where-Object { $_.Kind -eq 'Kick' -and $_.Purpose -eq 'Queue' } | Select-Object -First 1
        $kick.Device, $kick.Queue | Should -Be console, 1
        $taken, $returned = $before | Where-Object Kind -EQ Virtqueue | Select-Object -First 2
        $taken.Operation, $returned.Operation | Should -Be Taken, Returned
        $taken.Text | Should -Match '^PASS a program begins'
        $returned.UsedLength | Should -Be 0
        $taken.Descriptors[0].IsWritable | Should -BeFalse
        "$($taken.Descriptors[0].Data[0])" | Should -Be 80
    }

    It 'stop before a kick of a queue' {
        $guest.StateReason | Should -Match 'the kick of block0, queue 0'
        $guest.PendingKick.Purpose | Should -Be Queue
        $guest.BreakpointHit.Kick.Device | Should -Be block0
        $guest | Format-Table | Show | Should -Match 'Kick: block0'
    }

    It 'show what waits in their queues' {
        $queue = $guest | Get-LguestVirtqueue -Device block*
        $queue.AvailableIndex, $queue.TakenIndex, $queue.Waiting.Count | Should -Be 1, 0, 1
        $queue.Next.Descriptors | ForEach-Object Length | Should -Be 16, 512, 1
        $queue | Show | Should -Match 'block0 +0 +256 +3 +1 +0 +0 +1 +0x'
        $queue.Next | Show | Should -Match '0 +0 +16 +513'
        ($guest | Get-LguestVirtqueue).Count | Should -Be 3
        ($guest | Get-LguestVirtqueue -Queue 1).Device | Should -Be console
    }

    It 'say what a step would do' {
        $step = $guest | Step-LguestGuest 6>$null
        $step.Kind | Should -Be Kick, Virtqueue, Virtqueue
        $step[2].Descriptors[1].Data.Count | Should -Be 512
    }

    It 'give only the events of a queue' {
        $other = New-Minikernel
        $events = $other | Start-LguestGuest -Device console -Queue 1
        $events.Kind | Sort-Object -Unique | Should -Be Kick, Virtqueue
        $events.Queue | Sort-Object -Unique | Should -Be 1
        $other | Remove-LguestGuest
    }

    It 'keep their events through Clixml and JSON' {
        $before | Where-Object Kind -EQ Virtqueue | Select-Object -First 1 | Export-Clixml TestDrive:/buffer.xml
        $read = Import-Clixml TestDrive:/buffer.xml
        $read.PSObject.TypeNames | Should -Contain Deserialized.LguestPS.VirtqueueEvent
        $read.Operation, $read.Descriptors[0].Length | Should -Be Taken, 47
        $json = $before | Where-Object Kind -EQ Kick | Select-Object -First 1 | ConvertTo-Json | ConvertFrom-Json
        $json.Kind, $json.Purpose, $json.Device | Should -Be Kick, EarlyConsole, console
    }

    It 'have lines in a trace' {
        $before | Export-LguestTrace TestDrive:/trace.txt
        $lines = Get-Content TestDrive:/trace.txt
        $lines | Should -Contain 'console EarlyConsole "minikernel: processes change at system calls\n"'
        $lines | Should -Contain 'console queue 1 Taken "PASS a program begins with its data, and zeros\n"'
    }
}

Describe 'Guests of the DMA eras' {
    It 'say that they have no virtqueues' {
        $guest = New-LguestGuest $examples/ring/ring.yaml
        { $guest | Get-LguestVirtqueue -ErrorAction Stop } | Should -Throw '*has no virtqueues: it is of ABI profile dma-2007-10*'
        { $guest | Set-LguestBreakpoint -Device console -Queue 0 -ErrorAction Stop } | Should -Throw '*has no virtqueues*'
    }
}
