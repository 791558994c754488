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

Describe 'Show-LguestDashboard' {
    It 'runs a guest and says where it is, in lines where there is no terminal' {
        $hello = New-LguestGuest $examples/hello/hello.yaml
        $hello | Show-LguestDashboard -InformationVariable said -InformationAction SilentlyContinue
        $hello.State | Should -Be Ended
        "$($said[-1])" | Should -BeLike 'hello*: ended, * of guest time, * events; console: Hello from ring 1!'
        $said.Count | Should -BeLessOrEqual 3
    }

    It 'looks on while a job runs one, whose rates are counted' {
        $job = Start-LguestGuest $examples/echo/echo.yaml -AsJob -Summary
        Show-LguestDashboard echo -TimeLimit 0.5 -InformationVariable said -InformationAction SilentlyContinue
        "$($said[-1])" | Should -BeLike 'echo: running,*'
        $job.Guest.State | Should -Be Running
        $job.Guest.Summary.Rows.Name | Should -Contain LGUEST_INIT
        $job | Stop-Job -PassThru | Remove-Job
    }

    It 'leaves a terminal as it was' -Skip:(-not (Get-Command tmux -ErrorAction Ignore)) {
        $socket = "lguest-$PID"
        $script = Join-Path $TestDrive show.ps1
        Set-Content $script "Import-Module '$modulePath'; 'before'; `$g = New-LguestGuest '$examples/echo/echo.yaml'; `$null = Start-LguestGuest `$g -AsJob -Summary; `$g | Show-LguestDashboard; 'after'; [Console]::ReadKey(`$true)"
        try {
            tmux -L $socket -f /dev/null new-session -d -x 80 -y 24 "pwsh -NoProfile -NonInteractive -File '$script'"
            Wait-Until { (tmux -L $socket capture-pane -p) -match 'hypercall LGUEST_INIT' }
            $picture = tmux -L $socket capture-pane -p
            $picture[0] | Should -BeLike 'echo  * s of guest time'
            $picture -match 'q leaves; the guest goes on' | Should -Not -BeNullOrEmpty
            $picture -match '── console ──' | Should -Not -BeNullOrEmpty
            $picture.Count | Should -BeLessOrEqual 24
            tmux -L $socket send-keys q
            Wait-Until { (tmux -L $socket capture-pane -p) -match '^after' }
            $left = tmux -L $socket capture-pane -p
            ($left -match '^before|^after').Count | Should -Be 2
            $left -match 'q leaves' | Should -BeNullOrEmpty
            tmux -L $socket display-message -p '#{cursor_flag}' | Should -Be 1
        }
        finally {
            tmux -L $socket kill-server
        }
    }
}
