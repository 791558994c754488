BeforeAll { . $PSScriptRoot/Setup.ps1 }

Describe 'Reboots' {
    BeforeAll {
        function New-Rebooter([string] $reboots, [hashtable] $more = @{}) {
            New-LguestGuest -Kernel $repository/tests/guests/reboot.elf -Name rebooter -Abi virtio-3.1 -Memory 4MB -CommandLine $reboots -Clock Virtual -Device @{ block = "$examples/disk/disk.img" }, console @more
        }
    }
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'happen in place, and tell of themselves' {
        $guest = New-Rebooter 2
        $events = $guest | Start-LguestGuest -Kind Rebooted, Ended
        $events | ForEach-Object { "$_" -replace '^\d+ ' } | Should -Be 'reboot 1', 'reboot 2', 'ended: Power down'
        $events[0].GetType().Name | Should -Be GuestRebootedEvent
        $events[0].Kind | Should -Be Rebooted
        $events[0].Symbol | Should -BeLike 'main+*'
        $guest.Reboots | Should -Be 2
        $guest.ConsoleText | Should -BeLike '*this is start 1*this is start 2*this is start 3*'
        ($guest | Format-List | Out-String) | Should -Match 'Reboots\s+: 2'
    }

    It 'are in the summary' {
        $summary = New-Rebooter 2 | Start-LguestGuest -Summary
        $summary.Reboots | Should -Be 2
        $summary.Text | Should -BeLike '*it was rebooted 2 times*'
    }

    It 'do not happen with <_>' -ForEach 'Start-LguestGuest -NoReboot', 'New-LguestGuest -NoReboot', 'Step-LguestGuest -NoReboot', 'Start-LguestGuest -NoReboot -AsJob' {
        $guest = New-Rebooter 2 ($_ -like 'New*' ? @{ NoReboot = $true } : @{})
        switch -Wildcard ($_) {
            'Start* -AsJob' { $guest | Start-LguestGuest -NoReboot -AsJob | Receive-Job -Wait -AutoRemoveJob | Out-Null }
            'Start*-NoReboot' { $guest | Start-LguestGuest -NoReboot | Out-Null }
            'New*' { $guest.Definition.Reboot | Should -BeFalse; $guest | Start-LguestGuest | Out-Null }
            'Step*' { $guest | Step-LguestGuest -NoReboot 100 -InformationAction Ignore | Out-Null }
        }
        $guest.Ending.Kind | Should -Be Restart
        $guest.Reboots | Should -Be 0
    }

    It 'happen at most as often as -RebootLimit says' {
        $guest = New-Rebooter 5 @{ RebootLimit = 2 }
        $guest | Start-LguestGuest | Out-Null
        $guest.Reboots | Should -Be 2
        $guest.Ending.Reason | Should -BeLike '*limit of 2 reboots'
    }

    It 'are what Restart-LguestGuest does to a guest that did not ask' {
        $guest = New-LguestGuest $examples/ring/ring.yaml
        $guest | Start-LguestGuest | Out-Null
        ($guest | Restart-LguestGuest -PassThru).State | Should -Be Paused
        ($guest | Start-LguestGuest -Kind Rebooted, Ended).Summary | Should -Be 'reboot 1 by Restart-LguestGuest', 'ended: Power down'
        Restart-LguestGuest ring -WhatIf
        $guest.HasEnded | Should -BeTrue
    }

    It 'are refused to a guest that is gone' {
        $guest = New-LguestGuest $examples/ring/ring.yaml
        $guest | Remove-LguestGuest
        { Restart-LguestGuest $guest -ErrorAction Stop } | Should -Throw -ErrorId 'GuestEnded,*'
    }
}
