BeforeAll {
    . $PSScriptRoot/Setup.ps1
    $guest = New-LguestGuest $examples/paging/paging.yaml -Clock Virtual
    $guest | Start-LguestGuest -RecordPath $TestDrive/run.lguest | Out-Null
}

AfterAll { Get-LguestGuest | Remove-LguestGuest }

Describe 'Export-LguestReport' {
    It 'reports a recorded guest, which stays as it is' {
        $before = "$($guest.EventCount) $($guest.State)"
        $guest | Export-LguestReport TestDrive:/piped.html
        Export-LguestReport TestDrive:/named.html -Guest paging
        "$($guest.EventCount) $($guest.State)" | Should -Be $before
        Get-Content TestDrive:/piped.html -Raw | Should -BeLike "*<h1>paging</h1>*Every one of $('{0:N0}' -f $guest.InstructionCount) instructions was counted*"
        Test-Path TestDrive:/named.html | Should -BeTrue
    }

    It 'reports a recording' {
        $file = Export-LguestReport TestDrive:/recording.html -Recording $TestDrive/run.lguest -PassThru
        $file | Should -BeOfType IO.FileInfo
        Get-Content $file -Raw | Should -BeLike '*Every one of*NEW_PGTABLE*Power down*'
    }

    It 'reports events, live or stored, with a summary' {
        $events = Start-LguestGuest $examples/timer/timer.yaml -Summary -Kind All
        $events | Export-LguestReport TestDrive:/live.html
        Get-Content TestDrive:/live.html -Raw | Should -BeLike '*of host time in all*irq 0*tick 1*'
        $events | Export-Clixml TestDrive:/events.xml
        Import-Clixml TestDrive:/events.xml | Where-Object Sequence | Export-LguestReport TestDrive:/stored.html
        Get-Content TestDrive:/stored.html -Raw | Should -BeLike '*<h1>timer</h1>*irq 0*tick 1*'
    }

    It 'says what it cannot report' {
        $other = New-LguestGuest $examples/hello/hello.yaml
        { $other | Export-LguestReport TestDrive:/x.html -ErrorAction Stop } | Should -Throw '*not recorded*' -ErrorId 'NotRecorded*'
        { Export-LguestReport TestDrive:/x.html -Guest nobody -ErrorAction Stop } | Should -Throw "*no guest 'nobody'*"
        { Export-LguestReport TestDrive:/x.html -Recording $TestDrive/none.lguest -ErrorAction Stop } | Should -Throw '*none.lguest*' -ErrorId 'FileUnavailable*'
        Test-Path TestDrive:/x.html | Should -BeFalse
    }

    It 'replaces a file only if it may' {
        Set-Content TestDrive:/keep.html precious
        { $guest | Export-LguestReport TestDrive:/keep.html -NoClobber } | Should -Throw '*already there*'
        $guest | Export-LguestReport TestDrive:/keep.html -WhatIf
        Get-Content TestDrive:/keep.html | Should -Be precious
    }
}
