BeforeAll {
    . $PSScriptRoot/Setup.ps1
    $guests = "$repository/tests/guests"
}

Describe 'Send-LguestConsole -Expect' {
    AfterEach {
        Get-Job | Where-Object PSJobTypeName -EQ LguestGuest | Remove-Job -Force
        Get-LguestGuest | Remove-LguestGuest
    }

    It 'drives a guest that nothing else drives, and leaves it right after the text' {
        $guest = New-LguestGuest $examples/echo/echo.yaml
        $guest | Send-LguestConsole -Expect 'ends\.' | Should -Be 'Type a line and get it back in capitals; "quit" ends.'
        $guest.State | Should -Be Paused
        $guest | Send-LguestConsole 'hello', 'again' -Expect '[A-Z]{5}' | Should -Be "`nHELLO", "`nAGAIN"
        $guest | Send-LguestConsole quit -Expect 'Good' | Should -Be "`nGood"
        $guest | Wait-LguestGuest | Out-Null
        $guest | Receive-LguestConsole | Should -Be " bye.`n"
    }

    It 'waits on the job that drives the guest' {
        $job = Start-LguestGuest $examples/echo/echo.yaml -AsJob -Kind Ended
        $job | Send-LguestConsole -Expect 'ends' | Should -Match '^Type a line.*ends$'
        Send-LguestConsole echo 'hello' -Expect 'HELLO' | Should -Match 'HELLO$'
        $job.State | Should -Be Running
        Send-LguestConsole echo 'quit' -Expect 'bye\.' | Should -Match 'Good bye\.$'
        $job | Wait-Job -Timeout 300 | ForEach-Object State | Should -Be Completed
    }

    It 'takes only what comes after the typing for the answer' {
        $guest = New-LguestGuest $examples/echo/echo.yaml
        $guest | Send-LguestConsole one -Expect ONE | Out-Null
        $guest | Send-LguestConsole one, two
        $guest | Wait-LguestGuest -WarningAction SilentlyContinue | Out-Null
        # "one" was answered once already; the answer to the second comes after the rest.
        $guest | Send-LguestConsole one -Expect ONE | Should -Be "`nONE`nTWO`nONE"
    }

    It 'shows what came instead when the time is over, and keeps it' {
        $guest = New-LguestGuest -Kernel $guests/flood.elf -Memory 4MB
        $guest | Step-LguestGuest -Hypercall SEND_DMA -Count 100 | Out-Null
        $thrown = { $guest | Send-LguestConsole -Expect 'never' -TimeLimit 0.3 -ErrorAction Stop } | Should -Throw -PassThru
        $thrown.FullyQualifiedErrorId | Should -Be 'ConsoleTextNotSeen,LguestPS.Cmdlets.SendLguestConsoleCommand'
        $thrown.CategoryInfo.Category | Should -Be OperationTimeout
        $thrown.TargetObject | Should -Be $guest
        $thrown.Exception.Message | Should -Match "(?s)^Guest 'flood' has not written 'never': 0.3 s have passed.*the quick brown fox"
        $guest.State | Should -Be Paused
        $guest | Receive-LguestConsole -WarningAction SilentlyContinue | Should -Match 'brown fox'
    }

    It 'says at once that a guest waits or has ended' {
        $guest = New-LguestGuest $examples/echo/echo.yaml
        { $guest | Send-LguestConsole hello -Expect 'hello' -ErrorAction Stop } | Should -Throw '*: it stands still (waiting for input).*HELLO*'
        { $guest | Send-LguestConsole quit -Expect 'never' -ErrorAction Stop } | Should -Throw '*: it has ended (Power down).*Good bye.*'
        { $guest | Send-LguestConsole more -Expect 'never' -ErrorAction Stop } | Should -Throw '*has ended*' -ErrorId 'GuestEnded,*'
    }

    It 'gives the answer alone' {
        $guest = New-LguestScriptedGuest @{ Print = "boot`n# " }, @{ Code = $true }, @{ Print = "ls`r`na`r`nb`r`nroot@guest# " }, @{ Code = $true }, @{ Print = "true`r`nroot@guest# " }
        $guest | Send-LguestConsole -Expect '# $' -AnswerOnly | Should -Be boot
        $guest | Send-LguestConsole ls -Expect '# $' -AnswerOnly | Should -Be a, b
        $guest | Send-LguestConsole true -Expect '# $' -AnswerOnly | Should -BeNullOrEmpty
        $guest | Receive-LguestConsole | Should -BeNullOrEmpty
    }

    It 'is stopped by Ctrl-C' {
        $job = Start-LguestGuest $examples/echo/echo.yaml -AsJob -Kind Ended
        $shell = [powershell]::Create().AddScript({ param($module) Import-Module $module; Send-LguestConsole echo -Expect never -TimeLimit 600 }).AddArgument($modulePath)
        $running = $shell.BeginInvoke()
        $shell.Stop()
        $running.IsCompleted | Should -BeTrue
        $job.State | Should -Be Running
        $shell.Dispose()
    }
}

Describe 'Send-LguestConsole' {
    AfterEach {
        Get-Job | Where-Object PSJobTypeName -EQ LguestGuest | Remove-Job -Force
        Get-LguestGuest | Remove-LguestGuest
    }

    It 'refuses what does not fit, whole, while the guest is not being driven' {
        $guest = New-LguestGuest $examples/echo/echo.yaml
        $guest | Send-LguestConsole ('x' * 1MB) -NoNewline
        { $guest | Send-LguestConsole 'quit' -ErrorAction Stop } | Should -Throw '*0 of 5 bytes were typed*' -ErrorId 'ConsoleFull,*'
    }

    It 'types megabytes into a busy guest and loses none' {
        $job = Start-LguestGuest $examples/echo/echo.yaml -AsJob -Kind Ended
        $lines = foreach ($number in 1..30000) { 'line {0:d6} {1}' -f $number, ('abcdefghij' * 6) }
        $received = [Text.StringBuilder]::new()
        $shell = [powershell]::Create().AddScript({ param($module, $text) Import-Module $module; Send-LguestConsole echo $text }).AddArgument($modulePath).AddArgument(($lines + 'quit') -join "`n")
        $typing = $shell.BeginInvoke()
        while ($text = Receive-LguestConsole echo -TimeLimit 300) { $received.Append($text) | Out-Null }
        $shell.EndInvoke($typing)
        $shell.Streams.Error | Should -BeNullOrEmpty
        $shell.Dispose()
        $answers = "$received".Split("`n")
        $answers.Count | Should -Be 30003
        (Compare-Object $answers[1..30000] ($lines.ToUpperInvariant()) -SyncWindow 0) | Should -BeNullOrEmpty
    }
}

Describe 'Receive-LguestConsole' {
    AfterEach {
        Get-Job | Where-Object PSJobTypeName -EQ LguestGuest | Remove-Job -Force
        Get-LguestGuest | Remove-LguestGuest
    }

    It 'gives each text once' {
        $guest = New-LguestGuest $examples/ring/ring.yaml
        $guest | Receive-LguestConsole | Should -BeNullOrEmpty
        $guest | Step-LguestGuest -Count 5 | Out-Null
        $guest | Receive-LguestConsole | Should -Be "ring: first text`n"
        $guest | Receive-LguestConsole | Should -BeNullOrEmpty
        $guest | Wait-LguestGuest | Out-Null
        $guest | Receive-LguestConsole | Should -Match '^ring: second text'
    }

    It 'waits for text while a job drives the guest' {
        $job = Start-LguestGuest $examples/echo/echo.yaml -AsJob -Kind Ended
        $job | Receive-LguestConsole -Wait | Should -Match '^Type'
        Receive-LguestConsole echo -TimeLimit 0.1 | Should -BeNullOrEmpty
        Send-LguestConsole echo 'hello'
        Receive-LguestConsole echo -Wait | Should -Be "HELLO`n"
        Send-LguestConsole echo 'quit'
        Receive-LguestConsole echo -Wait | Should -Be "Good bye.`n"
        $job | Wait-Job -Timeout 300 | Out-Null
        Receive-LguestConsole echo -Wait | Should -BeNullOrEmpty
    }

    It 'says how much of a flood was dropped, and keeps the memory bounded' {
        $guest = New-LguestGuest -Kernel $guests/flood.elf -Memory 4MB
        $total = 0
        $guest | Start-LguestGuest -Device console | ForEach-Object { $total += $_.Data.Length; if ($total -gt 2MB) { $_ } } | Select-Object -First 1 | Out-Null
        $text = $guest | Receive-LguestConsole -WarningVariable warned -WarningAction SilentlyContinue
        $text.Length | Should -Be 1MB
        "$warned" | Should -Match ('{0:N0} bytes before this text were dropped' -f ($total - 1MB))
    }

    It 'has an error for a guest without a console' {
        New-LguestGuest -Kernel $examples/hello/hello.elf -Name deaf -Device @() | Out-Null
        { Receive-LguestConsole deaf -ErrorAction Stop } | Should -Throw '*no console*' -ErrorId 'NotSupported,*'
    }
}

Describe 'Enter-LguestConsole' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'needs a terminal' {
        $script = "Import-Module '$modulePath'; New-LguestGuest '$examples/echo/echo.yaml' | Enter-LguestConsole"
        ('' | pwsh -NoProfile -NonInteractive -Command $script 2>&1 | Out-String) | Should -Match 'There is no terminal for the console'
    }
    It 'has an error for a name that is not there' {
        { Enter-LguestConsole nobody -ErrorAction Stop } | Should -Throw -ErrorId 'GuestNotFound,LguestPS.Cmdlets.EnterLguestConsoleCommand'
    }
}

Describe 'Enter-LguestConsole' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'says what a chord is' {
        $guest = New-LguestGuest $examples/echo/echo.yaml
        { $guest | Enter-LguestConsole -LeaveChord x -ErrorAction Stop } | Should -Throw "-LeaveChord: 'x' would keep the key 'x' from the guest;*" -ErrorId 'InvalidArgument,*'
    }
}
