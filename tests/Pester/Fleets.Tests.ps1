BeforeDiscovery {
    . $PSScriptRoot/Sshd.ps1
    $because = Get-SshdObstacle
}

if ($because) {
    Describe 'A fleet over SSH' { It 'could not be tried' -ForEach @{ Because = $because } { Set-ItResult -Skipped -Because $Because } }
    return
}

Describe 'A fleet over SSH' {
    BeforeAll {
        . $PSScriptRoot/Setup.ps1
        . $PSScriptRoot/Sshd.ps1
        $ProgressPreference = 'SilentlyContinue'
        $modules = Join-Path $repository out
        $minikernel = @{ kernel = "$repository/tests/guests/minikernel/minikernel.elf"; memory = '32MiB' }
        function Machine([string] $Name, [string] $ModulePath = $modules) { Start-Sshd (Join-Path $TestDrive $Name) @{ PSModulePath = $ModulePath } }
        function Cached($Machine) { @(Get-ChildItem "$($Machine.Folder)/cache/LguestPS/files" -File -ErrorAction Ignore) }
        function Left($Machine) { @(Get-ChildItem "$($Machine.Folder)/temp" -Filter lguest-fleet-* -ErrorAction Ignore) }
        $machines = 'one', 'two', 'three' | ForEach-Object { Machine $_ }
    }
    AfterAll { $machines | ForEach-Object { Stop-Sshd $_ } }

    It 'gives the same results on three machines as here' {
        $here = Invoke-LguestMatrix $examples/nightly.yaml | Sort-Object Index
        $results = Invoke-LguestMatrix $examples/nightly.yaml -SSHConnection $machines.Connection -ThrottleLimit 2 | Sort-Object Index
        $results.Outcome | Sort-Object -Unique | Should -Be Passed
        $results.EventHash | Should -Be $here.EventHash
        $results.MatrixId | Should -Be $here.MatrixId
        $results.HostName | ForEach-Object { $_ | Should -Match '^127\.0\.0\.1:\d+$' }
        # Each file once, under its hash.
        foreach ($machine in $machines) { foreach ($file in Cached $machine) { (Get-FileHash $file -Algorithm SHA256).Hash | Should -Be $file.Name } }
        $machines | ForEach-Object { Left $_ } | Should -BeNullOrEmpty
    }

    It 'brings the files of a guest that failed home' {
        $result = Invoke-LguestMatrix -Definition $examples/panic/panic.yaml -SSHConnection $machines[0].Connection -OutputPath $TestDrive/home
        $result.Outcome | Should -Be Failed
        $result.Files.Recording, $result.Files.Console | ForEach-Object { Split-Path $_ | Should -Be (Get-Item $TestDrive/home).FullName }
        $guest = New-LguestGuest -Replay $result.Files.Recording
        try { ($guest | Start-LguestGuest -Kind Ended).Reason | Should -Be $result.Reason } finally { $guest | Remove-LguestGuest }
        Left $machines[0] | Should -BeNullOrEmpty
    }

    It 'runs scripts where the guest ran' {
        $result = Invoke-LguestMatrix -Definition $examples/ring/ring.yaml -SSHConnection $machines[1].Connection -OutputPath $TestDrive/home -Check @{
            'is there' = { $env:XDG_CACHE_HOME -like '*/two/cache' }
            'has events' = { $Events.Count -eq 23 }
        }
        $result.Checks.Outcome | Should -Be Passed, Passed
    }

    It 'uses a session, and leaves it open' {
        $connection = $machines[2].Connection
        $session = New-PSSession -HostName $connection.HostName -Port $connection.Port -UserName $connection.UserName -KeyFilePath $connection.KeyFilePath -Options $connection.Options
        try {
            (Invoke-LguestMatrix $examples/nightly.yaml -Session $session -Index 2).Outcome | Should -Be Passed
            Invoke-Command $session { Get-LguestGuest | Measure-Object | ForEach-Object Count } | Should -Be 0
        }
        finally { Remove-PSSession $session }
        { Invoke-LguestMatrix $examples/nightly.yaml -Session $session -Index 2 -ErrorAction Stop } | Should -Throw '*session*not Opened*' -ErrorId 'MachineUnavailable,*'
    }

    It 'stops everywhere when the pipeline does' {
        Invoke-LguestMatrix -Definition $minikernel -Parameter @{ clock = 'virtual' } -Repeat 50 -SSHConnection $machines.Connection -ThrottleLimit 1 | Select-Object -First 2 | Should -HaveCount 2
        $machines | ForEach-Object { Left $_ } | Should -BeNullOrEmpty
        # Of a session that is closed, the processes there need a moment to end.
        Wait-Until { -not (Get-Process pwsh | Where-Object { $_.CommandLine -match '-sshs' -and $_.Parent.Parent.CommandLine -match [regex]::Escape("$TestDrive") }) }
    }

    It 'stops everywhere with Ctrl-C, also guests that would never end' {
        $shell = [powershell]::Create()
        try {
            $null = $shell.AddScript({
                Import-Module $args[0]
                Invoke-LguestMatrix -Definition @{ kernel = $args[1]; commandLine = 'spin' } -Repeat 6 -SSHConnection $args[2] -ThrottleLimit 1
            }).AddArgument($modulePath).AddArgument("$repository/tests/guests/busy.elf").AddArgument($machines.Connection)
            $null = $shell.BeginInvoke()
            Wait-Until { -not ($machines | Where-Object { -not (Left $_) }) }
            $shell.Stop()
        }
        finally { $shell.Dispose() }
        $machines | ForEach-Object { Left $_ } | Should -BeNullOrEmpty
        Wait-Until { -not (Get-Process pwsh | Where-Object { $_.CommandLine -match '-sshs' -and $_.Parent.Parent.CommandLine -match [regex]::Escape("$TestDrive") }) }
    }

    It 'says once of each machine why it cannot be used, and goes on without it' {
        $wrongKey = $machines[0].Connection.Clone()
        $wrongKey.KeyFilePath = $machines[1].Connection.KeyFilePath
        $nobody = @{ HostName = '127.0.0.1'; Port = Get-FreePort; Options = @{ StrictHostKeyChecking = 'no' } }
        $results = Invoke-LguestMatrix $examples/nightly.yaml -SSHConnection $wrongKey, $nobody, $machines[2].Connection -ErrorAction SilentlyContinue -ErrorVariable problems
        $results.Count | Should -Be 6
        $results.HostName | Sort-Object -Unique | Should -Be "127.0.0.1:$($machines[2].Port)"
        $problems = @($problems | Where-Object { $_ -is [Management.Automation.ErrorRecord] })
        $problems.Count | Should -Be 2
        "$($problems | Where-Object TargetObject -EQ "127.0.0.1:$($machines[0].Port)")" | Should -Match 'cannot be reached: .*Permission denied.*See whether'
        "$($problems | Where-Object TargetObject -EQ "127.0.0.1:$($nobody.Port)")" | Should -Match 'cannot be reached: .*Connection refused'
    }

    It 'has a result for each cell even if there is no machine' {
        $results = Invoke-LguestMatrix $examples/nightly.yaml -HostName 127.0.0.1 -Port (Get-FreePort) -ErrorAction SilentlyContinue
        $results.Outcome | Should -Be (@('NotRun') * 6)
        $results[0].Error | Should -Match 'no machine is left'
    }

    It 'says what ssh says when it ends at once, and is not ended by it' -ForEach @(
        @{ What = 'a name that nobody has'; With = @{ HostName = 'nowhere.invalid' }; Said = 'nowhere.invalid cannot be reached: .*resolve' }
        @{ What = 'an option that ssh does not know'; With = @{ HostName = '127.0.0.1'; SSHOption = @{ NoSuchOption = 'x' } }; Said = '127.0.0.1 cannot be reached: .*Bad configuration option' }
    ) {
        (Invoke-LguestMatrix $examples/nightly.yaml -Index 2 @With -ErrorAction SilentlyContinue -ErrorVariable problem).Outcome | Should -Be NotRun -Because $What
        "$problem" | Should -Match $Said
    }

    It 'says where there is no module, or another, and can send its own' {
        $bare = Machine bare $TestDrive/nothing
        $null = New-Item -ItemType Directory -Force $TestDrive/old/LguestPS
        "@{ ModuleVersion = '0.0.9' }" | Set-Content $TestDrive/old/LguestPS/LguestPS.psd1
        $old = Machine old $TestDrive/old
        try {
            Invoke-LguestMatrix $examples/nightly.yaml -Index 2 -SSHConnection $bare.Connection -ErrorVariable problem -ErrorAction SilentlyContinue | Out-Null
            "$problem" | Should -Match "127.0.0.1:$($bare.Port) has no module LguestPS .*-IncludeModule"
            Invoke-LguestMatrix $examples/nightly.yaml -Index 2 -SSHConnection $old.Connection -ErrorVariable problem -ErrorAction SilentlyContinue | Out-Null
            "$problem" | Should -Match "127.0.0.1:$($old.Port) has LguestPS 0.0.9, and this is $((Get-Module LguestPS).Version)"
            (Invoke-LguestMatrix $examples/nightly.yaml -Index 2 -SSHConnection $bare.Connection -IncludeModule).Outcome | Should -Be Passed
            @(Get-ChildItem "$($bare.Folder)/cache/LguestPS/modules").Count | Should -Be 1
        }
        finally { $bare, $old | ForEach-Object { Stop-Sshd $_ } }
    }

    It 'keeps no more files there than it may' {
        Invoke-LguestMatrix -Definition $examples/ring/ring.yaml, $examples/timer/timer.yaml, $examples/echo/echo.yaml -SSHConnection $machines[0].Connection -ThrottleLimit 1 -CacheLimit 0 -OutputPath $TestDrive/home | Should -HaveCount 3
        # What was there and unused before the last one had to go; those of this run were in use.
        (Cached $machines[0]).Count | Should -Be 3
    }

    It 'goes on elsewhere when a machine has no room' {
        $null = New-Item -ItemType File -Force $TestDrive/full/cache/LguestPS
        $full = Machine full
        try {
            $results = Invoke-LguestMatrix $examples/nightly.yaml -SSHConnection $full.Connection, $machines[1].Connection -ErrorVariable problem -ErrorAction SilentlyContinue
            $results.Outcome | Should -Be (@('Passed') * 6)
            "$problem" | Should -Match "127.0.0.1:$($full.Port): .*See whether there is room"
        }
        finally { Stop-Sshd $full }
    }

    It 'has 64 results, each once, although a machine vanishes in the middle' {
        $count = 0
        $results = Invoke-LguestMatrix -Definition $minikernel -Parameter @{ clock = 'virtual' } -Repeat 64 -Record Never -SSHConnection $machines.Connection -ThrottleLimit 1 -WarningVariable said -WarningAction SilentlyContinue -ErrorVariable problems -ErrorAction SilentlyContinue | ForEach-Object {
            if (++$count -eq 10) { Stop-Sshd $machines[1] }
            $_
        }
        ($results.Index | Sort-Object) | Should -Be (0..63)
        $results.Outcome | Sort-Object -Unique | Should -Be Passed
        $results.EventHash | Sort-Object -Unique | Should -HaveCount 1
        # A warning, or an error if it was still being opened then.
        "$said $problems" | Should -Match "127.0.0.1:$($machines[1].Port) has vanished"
    }
}
