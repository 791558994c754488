BeforeAll {
    . $PSScriptRoot/Setup.ps1
    $writer = "$repository/tests/guests/writer.elf"
}

Describe 'The disks of a guest' {
    BeforeEach {
        $image = Join-Path $TestDrive "$([guid]::NewGuid()).img"
        [IO.File]::WriteAllBytes($image, [byte[]]::new(8 * 512))
    }
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'show their requests and how much a snapshot holds' {
        $guest = New-LguestGuest -Kernel $writer -Memory 4MB -CommandLine once -Device console, @{ block = $image }
        $guest | Wait-LguestGuest | Out-Null
        $disk = $guest.Disks
        $disk | Should -BeOfType LguestPS.GuestDisk
        $disk.Name, $disk.Path, $disk.Mode, $disk.WriteCount, $disk.ChangedBytes, $disk.FailedCount | Should -Be block0, $image, Snapshot, 8, 4096, 0
        [IO.File]::ReadAllBytes($image) | Sort-Object -Unique | Should -Be 0 -Because 'a snapshot never writes its image'
    }

    It 'have a table' {
        $guest = New-LguestGuest -Kernel $writer -Memory 4MB -CommandLine once -Device console, @{ block = $image }
        $guest | Wait-LguestGuest | Out-Null
        $lines = ($guest.Disks | Out-String -Width 200).Trim().Split("`n")
        $lines[0] | Should -Match '^Name +Mode +Length +Changed +Reads +Writes +Failed +Path'
        $lines[2] | Should -Match '^block0 +Snapshot +4 KiB +4 KiB +0 +8 +0 '
    }

    It 'keep a snapshot in an overlay for the next run' {
        1..2 | ForEach-Object {
            $guest = New-LguestGuest -Kernel $writer -Memory 4MB -CommandLine once -Device console, @{ block = @{ path = $image; overlay = "$image.ovl" } }
            $guest.Disks.ChangedBytes | Should -Be (($_ - 1) * 4096)
            $guest | Wait-LguestGuest | Out-Null
            $guest | Remove-LguestGuest
        }
        { New-LguestGuest -Kernel $writer -Device @{ block = @{ path = $image; overlay = $writer } } -ErrorAction Stop } |
            Should -Throw '*is not a disk overlay*' -ErrorId 'InvalidImage,*'
    }

    It 'are saved by Sync-LguestDisk while a job runs the guest' {
        $guest = New-LguestGuest -Kernel $writer -Memory 4MB -Device console, @{ block = @{ path = $image; mode = 'ReadWrite' } }
        $job = $guest | Start-LguestGuest -AsJob -Kind Ended
        Sync-LguestDisk $guest.Name
        $job | Sync-LguestDisk
        $job.State | Should -Be Running
        $guest | Stop-LguestGuest
    }

    It 'warn of what the host cannot do, and the guest gets an error' -Skip:$IsWindows {
        $guest = New-LguestGuest -Kernel $writer -Memory 4MB -Device console, @{ block = @{ path = $image; mode = 'ReadWrite' } }
        Remove-Item $image
        $guest | Start-LguestGuest -Kind Ended -WarningVariable warned -WarningAction SilentlyContinue | ForEach-Object Ending | Should -Be Crashed
        "$warned" | Should -Match "Guest '.*': block0: a write failed: '.*' was removed or replaced while in use"
        $guest.Disks.Problem | Should -Match 'block0: a write failed'
        $guest.ConsoleText | Should -Match '1: result 2'
    }

    It 'say so in the warnings of a job' -Skip:$IsWindows {
        $guest = New-LguestGuest -Kernel $writer -Memory 4MB -Device console, @{ block = @{ path = $image; mode = 'ReadWrite' } }
        Remove-Item $image
        $job = $guest | Start-LguestGuest -AsJob -Kind Ended
        $job | Wait-Job -Timeout 300 | Out-Null
        "$($job.Warning)" | Should -Match 'was removed or replaced'
        $job | Remove-Job
    }
}
