BeforeAll { . $PSScriptRoot/Setup.ps1 }

Describe 'A guest in a job' {
    AfterEach {
        Get-Job | Where-Object PSJobTypeName -EQ LguestGuest | Remove-Job -Force
        Get-LguestGuest | Remove-LguestGuest
    }

    It 'finishes although its events are not received' {
        $job = Start-LguestGuest $examples/ring/ring.yaml -AsJob
        $job | Wait-Job -Timeout 300 | Should -Be $job
        $job.State | Should -Be Completed
        $job.Guest.Ending.Kind | Should -Be PowerDown
        ($job | Receive-Job).Sequence | Should -Be (1..23)
        $job | Receive-Job | Should -BeNullOrEmpty
    }

    It 'keeps the newest events and counts the rest' {
        $job = Start-LguestGuest $examples/ring/ring.yaml -AsJob -Newest 5
        $job | Wait-Job -Timeout 300 | Out-Null
        $job.EventCount | Should -Be 23
        $job.DroppedCount | Should -Be 18
        ($job | Receive-Job).Sequence | Should -Be (19..23)
    }

    It 'filters' {
        $job = Start-LguestGuest $examples/ring/ring.yaml -AsJob -Kind Dma
        ($job | Wait-Job -Timeout 300 | Receive-Job).Kind | Select-Object -Unique | Should -Be Dma
    }

    It 'is a job like any other' {
        $job = Start-LguestGuest $examples/hello/hello.yaml -AsJob
        Get-Job -Id $job.Id | Should -Be $job
        $job.Name | Should -Be hello
        $job.PSJobTypeName | Should -Be LguestGuest
        $job | Receive-Job -Wait -AutoRemoveJob | ForEach-Object Kind | Select-Object -Last 1 | Should -Be Ended
        Get-Job | Should -Not -Contain $job
    }

    It 'lets Receive-Job -Wait return, however its events and the command interleave' {
        $counts = 1..150 | ForEach-Object {
            $job = Start-LguestGuest $examples/ring/ring.yaml -AsJob
            ($job | Receive-Job -Wait | Measure-Object).Count
            $job | Remove-Job
        }
        $counts | Sort-Object -Unique | Should -Be 23
    }

    It 'forgets the ended guest it made when it is removed' {
        $job = Start-LguestGuest $examples/hello/hello.yaml -AsJob
        $job | Wait-Job -Timeout 300 | Out-Null
        (Get-LguestGuest hello).State | Should -Be Ended
        $job | Remove-Job
        Get-LguestGuest | Should -BeNullOrEmpty
    }

    It 'is the one driver: a second is told its number' {
        $job = Start-LguestGuest $examples/echo/echo.yaml -AsJob
        { Start-LguestGuest echo -ErrorAction Stop } | Should -Throw "Guest 'echo' is being run by job $($job.Id); stop it or wait for it first." -ErrorId 'GuestBusy,*'
        { Start-LguestGuest echo -AsJob -ErrorAction Stop } | Should -Throw "*by job $($job.Id);*"
        { Step-LguestGuest echo -ErrorAction Stop } | Should -Throw "*by job $($job.Id);*"
    }

    It 'wakes a waiting guest when something is typed' {
        $job = Start-LguestGuest $examples/echo/echo.yaml -AsJob
        $guest = Get-LguestGuest echo
        Wait-Until { $guest.EventCount -ge 6 }
        Send-LguestConsole echo 'hello'
        Send-LguestConsole echo 'quit'
        $job | Wait-Job -Timeout 300 | Out-Null
        $job.State | Should -Be Completed
        $guest.ConsoleText | Should -Match 'HELLO'
    }

    It 'suspends at a standstill, lets itself be stepped, and resumes' {
        $job = Start-LguestGuest $examples/echo/echo.yaml -AsJob
        $guest = $job | Suspend-LguestGuest -PassThru
        $guest.State | Should -BeIn Paused, Created
        $job.State | Should -Be Suspended
        { Suspend-LguestGuest echo -ErrorAction Stop } | Should -Throw -ErrorId 'JobNotInState,*'
        $guest | Step-LguestGuest | Out-Null
        $guest | Resume-LguestGuest
        $job.State | Should -Be Running
        Send-LguestConsole echo quit
        $job | Wait-Job -Timeout 300 | ForEach-Object State | Should -Be Completed
        { Resume-LguestGuest echo -ErrorAction Stop } | Should -Throw -ErrorId 'JobNotInState,*'
    }

    It 'leaves the guest paused when the job is stopped' {
        $job = Start-LguestGuest $examples/echo/echo.yaml -AsJob
        $job | Stop-Job
        $job.State | Should -Be Stopped
        (Get-LguestGuest echo).State | Should -BeIn Paused, Created
        Send-LguestConsole echo quit
        (Wait-LguestGuest echo).Ending.Kind | Should -Be PowerDown
    }

    It 'stops with its guest' {
        $job = Start-LguestGuest $examples/echo/echo.yaml -AsJob
        (Stop-LguestGuest echo -PassThru).State | Should -Be Ended
        $job.State | Should -Be Stopped
    }

    It 'stops when its guest is removed' {
        $job = Start-LguestGuest $examples/echo/echo.yaml -AsJob
        Remove-LguestGuest echo
        $job | Wait-Job -Timeout 300 | Should -Be $job
        $job.State | Should -Be Stopped
    }

    It 'is what Wait-LguestGuest waits for' {
        $job = Start-LguestGuest $examples/timer/timer.yaml -AsJob
        $guest = $job | Wait-LguestGuest
        $guest.State | Should -Be Ended
        $job.State | Should -Be Completed
        $job.EventCount | Should -BeGreaterThan 10
    }

    It 'goes on when Wait-LguestGuest has waited long enough' {
        $job = Start-LguestGuest $examples/echo/echo.yaml -AsJob
        Wait-LguestGuest echo -TimeLimit 0.2 | Should -BeNullOrEmpty
        $job.State | Should -Be Running
    }

    It 'can be reached from its guest' {
        $job = Start-LguestGuest $examples/echo/echo.yaml -AsJob
        (Get-LguestGuest echo).Job | Should -Be $job
    }

    It 'is asked for where there is none' {
        New-LguestGuest $examples/hello/hello.yaml | Out-Null
        { Suspend-LguestGuest hello -ErrorAction Stop } | Should -Throw -ErrorId 'GuestHasNoJob,LguestPS.Cmdlets.SuspendLguestGuestCommand'
        { Resume-LguestGuest hello -ErrorAction Stop } | Should -Throw -ErrorId 'GuestHasNoJob,LguestPS.Cmdlets.ResumeLguestGuestCommand'
    }

    It 'only says what it would do with -WhatIf' {
        $job = Start-LguestGuest $examples/echo/echo.yaml -AsJob
        Suspend-LguestGuest echo -WhatIf
        Stop-LguestGuest echo -WhatIf
        Remove-LguestGuest echo -WhatIf
        Send-LguestConsole echo quit -WhatIf
        $job.State | Should -Be Running
        (Get-LguestGuest echo).State | Should -Be Running
    }
}

Describe 'Wait-LguestGuest -Any' {
    AfterEach {
        Get-Job | Where-Object PSJobTypeName -EQ LguestGuest | Remove-Job -Force
        Get-LguestGuest | Remove-LguestGuest
    }

    It 'gives the first guest that ends' {
        $jobs = Start-LguestGuest $examples/echo/echo.yaml, $examples/hello/hello.yaml -AsJob
        ($jobs | Wait-LguestGuest -Any).Name | Should -Be hello
        $jobs[0].State | Should -Be Running
    }

    It 'gives the first guest that writes what is expected, and leaves the text to be received' {
        $jobs = 1..3 | ForEach-Object { Start-LguestGuest $examples/echo/echo.yaml -AsJob -Kind Ended }
        $jobs | Send-LguestConsole -Expect 'ends\.' | Out-Null
        Send-LguestConsole echo2 'this one'
        ('echo', 'echo2', 'echo3' | Wait-LguestGuest -Any -Expect 'THIS ONE').Name | Should -Be echo2
        Receive-LguestConsole echo2 | Should -Match 'THIS ONE'
    }

    It 'says that none has written it' {
        $jobs = Start-LguestGuest $examples/timer/timer.yaml, $examples/hello/hello.yaml -AsJob
        { $jobs | Wait-LguestGuest -Any -Expect never -ErrorAction Stop } |
            Should -Throw "None of the guests has written 'never': 'timer' has ended (Power down), 'hello' has ended (Power down)." -ErrorId 'ConsoleTextNotSeen,*'
    }

    It 'gives nothing when the time is up' {
        $job = Start-LguestGuest $examples/echo/echo.yaml -AsJob
        $job | Wait-LguestGuest -Any -TimeLimit 0.1 | Should -BeNullOrEmpty
        $job.State | Should -Be Running
    }

    It 'wants guests that jobs run' {
        $guest = New-LguestGuest $examples/hello/hello.yaml
        { $guest | Wait-LguestGuest -Any -ErrorAction Stop } | Should -Throw -ErrorId 'GuestHasNoJob,*'
    }

    It 'is stopped by Ctrl-C' {
        $job = Start-LguestGuest $examples/echo/echo.yaml -AsJob
        $shell = [powershell]::Create().AddScript({ param($module) Import-Module $module; Wait-LguestGuest echo -Any }).AddArgument($modulePath)
        $running = $shell.BeginInvoke()
        $shell.Stop()
        $running.IsCompleted | Should -BeTrue
        $job.State | Should -Be Running
        $shell.Dispose()
    }
}

Describe '-ExpectEnding' {
    AfterEach {
        Get-Job | Where-Object PSJobTypeName -EQ LguestGuest | Remove-Job -Force
        Get-LguestGuest | Remove-LguestGuest
    }

    It 'says nothing of a guest that ends as wanted' {
        Start-LguestGuest $examples/hello/hello.yaml -Kind Ended -ExpectEnding PowerDown -ErrorAction Stop | Should -Not -BeNullOrEmpty
        (New-LguestGuest $examples/panic/panic.yaml | Wait-LguestGuest -ExpectEnding Crashed, PowerDown -ErrorAction Stop).Ending.Kind | Should -Be Crashed
        Start-LguestGuest $examples/hello/hello.yaml -AsJob | Wait-LguestGuest -ExpectEnding PowerDown -ErrorAction Stop | Should -Not -BeNullOrEmpty
    }

    It 'is an error of any other end, with the end of the text, after the events' {
        $events = Start-LguestGuest $examples/panic/panic.yaml -Kind Ended -ExpectEnding PowerDown -ErrorVariable failed -ErrorAction SilentlyContinue
        $events.Ending | Should -Be Crashed
        $failed.FullyQualifiedErrorId | Should -Be 'UnexpectedEnding,LguestPS.Cmdlets.StartLguestGuestCommand'
        $failed.Exception.Message | Should -BeLike "Guest 'panic' was to end with PowerDown, but ended with Crashed: *"
        { New-LguestGuest $examples/hello/hello.yaml | Wait-LguestGuest -ExpectEnding Restart -ErrorAction Stop } |
            Should -Throw "Guest 'hello' was to end with Restart, but ended with PowerDown: Power down. The end of its text is:`n*"
    }

    It 'is an error of a guest that does not end' {
        { Start-LguestGuest $PSScriptRoot/guests/busy.yaml -TimeLimit 0.05 -ExpectEnding PowerDown -ErrorAction Stop -WarningAction SilentlyContinue } | Should -Throw "*but stands still: *time limit*"
        { Start-LguestGuest $examples/echo/echo.yaml -AsJob | Wait-LguestGuest -TimeLimit 0.1 -ExpectEnding PowerDown -ErrorAction Stop } | Should -Throw "*but is still running*"
    }

    It 'is the exit status of a script' {
        pwsh -NoProfile -NonInteractive -Command "Import-Module '$modulePath'; Start-LguestGuest '$examples/panic/panic.yaml' -ExpectEnding PowerDown -ErrorAction Stop | Out-Null" 2>&1 | Out-Null
        $LASTEXITCODE | Should -Be 1
    }
}
