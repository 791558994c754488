BeforeDiscovery {
    # Over a real SSH server, because only there nothing but what was sent is known of an object.
    . $PSScriptRoot/Sshd.ps1
    $because = Get-SshdObstacle
}

if ($because) {
    Describe 'Objects over SSH remoting' { It 'could not be tried' -ForEach @{ Because = $because } { Set-ItResult -Skipped -Because $Because } }
    return
}

Describe 'Objects over SSH remoting' {
    BeforeAll {
        . $PSScriptRoot/Setup.ps1
        . $PSScriptRoot/Sshd.ps1
        $machine = Start-Sshd (Join-Path $TestDrive ssh) @{ PSModulePath = "$repository/out" }
        $connection = $machine.Connection
        $session = New-PSSession -HostName $connection.HostName -Port $connection.Port -UserName $connection.UserName -KeyFilePath $connection.KeyFilePath -Options $connection.Options
        Invoke-Command $session { Import-Module $using:modulePath }
    }
    AfterAll {
        Remove-PSSession $session
        Stop-Sshd $machine
        Get-LguestGuest | Remove-LguestGuest
    }

    It 'keep the kinds of events and make the same trace' {
        $events = Invoke-Command $session { Start-LguestGuest "$using:examples/ring/ring.yaml" }
        $local = Start-LguestGuest $examples/ring/ring.yaml
        @($events | Where-Object Kind -EQ Hypercall).Count | Should -Be @($local | Where-Object Kind -EQ Hypercall).Count
        ($events | Where-Object Kind -EQ Dma)[0].Direction | Should -BeExactly Send
        $events | Export-LguestTrace TestDrive:/remote.trace
        $local | Export-LguestTrace TestDrive:/local.trace
        Get-Content TestDrive:/remote.trace | Should -Be (Get-Content TestDrive:/local.trace)
    }

    It 'name the machine and the process of a guest that is there' {
        $there = Invoke-Command $session { $guest = New-LguestGuest "$using:examples/ring/ring.yaml" -Clock Virtual; $guest | Step-LguestGuest -Hypercall BIND_DMA | Out-Null; $guest; $guest | Checkpoint-LguestGuest; $guest | Get-LguestRegister eax }
        $process = Invoke-Command $session { $PID }
        $there[0].ProcessId | Should -Be $process
        $there[0].Registers.Eip | Should -Be 3222274359
        { $there[0] | Step-LguestGuest } | Should -Throw "*'ring' is a copy of an object in another process (process $process on 127.0.0.1)*Invoke-Command*"
        { $there[1] | Restore-LguestGuest -ErrorAction Stop } | Should -Throw '*another process*'
        { $there[2] | Step-LguestGuest } | Should -Throw "*This GuestRegister of guest 'ring'*(on 127.0.0.1)*"
        (Invoke-Command $session { 'ring' | Step-LguestGuest -Hypercall CRASH | Out-Null; Get-LguestGuest ring }).NextCall.Name | Should -Be CRASH
    }

    It 'come through commands of Import-PSSession' {
        $module = Import-PSSession $session -CommandName Start-LguestGuest, Get-LguestMatrix, Get-LguestGuest -Prefix There -WarningAction SilentlyContinue
        try {
            $events = Start-ThereLguestGuest $examples/hello/hello.yaml
            $events[-1].Ending | Should -BeExactly PowerDown
            (Get-ThereLguestMatrix $examples/nightly.yaml).Name | Should -Be nightly
            (Get-ThereLguestGuest | Select-Object -First 1).ProcessId | Should -Be (Invoke-Command $session { $PID })
        }
        finally { Remove-Module $module }
    }

    It 'are results and cells of matrices, too' {
        $there = Invoke-Command $session { Invoke-LguestMatrix "$using:examples/nightly.yaml" -Index 2 }
        $here = Invoke-LguestMatrix $examples/nightly.yaml -Index 2
        $there.Cell, $there.Outcome, $there.EventHash, $there.Parameters.memory | Should -Be $here.Cell, 'Passed', $here.EventHash, '16MiB'
        $there.Checks.Name | Should -Be $here.Checks.Name
        $there.ProcessId | Should -Be (Invoke-Command $session { $PID })
    }
}
