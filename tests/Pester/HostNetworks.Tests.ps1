BeforeAll {
    . $PSScriptRoot/Setup.ps1
    $image = "$PSScriptRoot/../guests/gateway.elf"
}

Describe 'A network with the host' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'lets a guest talk to a server of this machine, records it, and replays it to the last event' {
        $listener = [System.Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0)
        $listener.Start()
        $server = Start-ThreadJob {
            $client = ($using:listener).AcceptTcpClient()
            $stream = $client.GetStream()
            $stream.CopyTo($stream)
            $client.Dispose()
        }
        try {
            $net = @{ loopback = 'off'; reach = "7=127.0.0.1:$($listener.LocalEndpoint.Port)"; record = "$TestDrive/frames.pcapng" }
            $live = New-LguestGuest -Kernel $image -Memory 4MB -Clock Virtual -Device @{ net = @{ user = $net } }, console
            $recorded = $live | Start-LguestGuest -TimeLimit 300 | ForEach-Object What
            $live.StateReason | Should -Be 'Power down'
            $live.ConsoleText | Should -BeLike '*PASS what is said comes back, all of it*'
            $card = $live.Networks[0]
            $card.Kind | Should -Be User
            $card.Mac | Should -Match '^([0-9a-f]{2}:){5}[0-9a-f]{2}$'
            $frames = Get-Item "$TestDrive/frames.pcapng"
            $card.SentCount, $card.ReceivedCount | ForEach-Object { $_ -gt 5 } | Should -Be $true, $true
            $card.SentBytes + $card.ReceivedBytes | Should -BeLessThan $frames.Length
            $card.DroppedCount | Should -Be 0
        }
        finally {
            $listener.Stop()
            $server | Wait-Job -Timeout 300 | Remove-Job -Force
        }

        $again = New-LguestGuest -Kernel $image -Memory 4MB -Clock Virtual -Device @{ net = @{ user = @{ replay = "$TestDrive/frames.pcapng" } } }, console
        $again | Start-LguestGuest -TimeLimit 300 | ForEach-Object What | Should -Be $recorded
        $again.Networks[0].Kind, $again.Networks[0].SentCount, $again.Networks[0].ReceivedBytes | Should -Be Replay, $card.SentCount, $card.ReceivedBytes
    }

    It 'is a new one for a guest that is taken back, even in another PowerShell' {
        $net = @{ net = @{ user = @{ loopback = 'off' } } }
        $guest = New-LguestGuest -Kernel $image -Memory 4MB -Clock Virtual -Device $net, console
        $guest | Start-LguestGuest -Device console | Select-Object -First 1 | Out-Null
        $checkpoint = $guest | Checkpoint-LguestGuest -Path "$TestDrive/guest.lguest"
        $guest | Start-LguestGuest -Device net0 -TimeLimit 300 | Select-Object -First 4 | Out-Null
        $before = $guest.ConsoleText
        $checkpoint | Restore-LguestGuest
        $guest.Networks[0].IsLive | Should -BeTrue
        $guest | Start-LguestGuest -Device net0 -TimeLimit 300 | Select-Object -First 4 | Out-Null
        $guest.ConsoleText | Should -Be $before
        $script = "Import-Module '$modulePath'; `$guest = Restore-LguestGuest -Path '$TestDrive/guest.lguest' ; `$guest | Start-LguestGuest -Device net0 -TimeLimit 300 | Select-Object -First 4 | Out-Null; `$guest.ConsoleText"
        (pwsh -NoProfile -Command $script) -join "`n" | ForEach-Object Trim | Should -Be $before.Trim()
    }

    It 'shows what a network is' {
        $guest = New-LguestGuest -Kernel $image -Memory 4MB -Device @{ net = 'user' }, @{ net = @{ user = @{ forward = @('127.0.0.1:0:80') } } }, console
        $devices = @($guest.Definition.Devices)
        $devices[0] | Out-String | Should -BeLike '*10.0.2.0/24*'
        $devices[1].Forward.GuestPort | Should -Be 80
    }

    It 'names a mistake: <Message>' -ForEach @(
        @{ Net = @{ user = @{ forward = '80' } }; Message = "*'80' is not a forwarded port*" }
        @{ Net = @{ user = @{ forwards = '80:80' } }; Message = "*has no setting 'forwards'*" }
        @{ Net = @{ bridge = 'x' }; Message = "*unknown network 'bridge'*" }
        @{ Net = @{ tap = 'a/b' }; Message = '*cannot be the name of a TAP interface*' }
    ) {
        { New-LguestGuest -Kernel $image -Memory 4MB -Device @{ net = $Net } -ErrorAction Stop } | Should -Throw $Message
    }
}

Describe 'A network that guests share' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'is recorded by each guest with what came from it, and not needed to replay them' -Skip:(-not $IsLinux) {
        $file = "$TestDrive/ask.lguest"
        $other = "$TestDrive/answer.lguest"
        $lan = @{ net = @{ shared = "$TestDrive/lan0" } }
        $answer = New-LguestGuest -Kernel "$examples/lan/lan.elf" -Memory 4MB -Clock Virtual -Device $lan, console
        $ask = New-LguestGuest -Kernel "$examples/lan/lan.elf" -Memory 4MB -CommandLine ask -Clock Virtual -Device $lan, console
        $job = $answer | Start-LguestGuest -AsJob -RecordPath $other
        $recorded = $ask | Start-LguestGuest -RecordPath $file -TimeLimit 300 | ForEach-Object What
        $ask.StateReason | Should -Be 'Power down'
        $job | Wait-Job -Timeout 300 | ForEach-Object State | Should -Be Completed
        $answered = $job | Receive-Job -AutoRemoveJob -Wait | ForEach-Object What
        $ask.Networks[0].Kind | Should -Be Shared
        $ask.Networks[0].SentCount, $ask.Networks[0].SentBytes | Should -Be $answer.Networks[0].ReceivedCount, $answer.Networks[0].ReceivedBytes
        $ask.Networks[0].SentCount | Should -BeGreaterThan 0
        Remove-Item "$TestDrive/lan0"

        $again = New-LguestGuest -Replay $file
        $again | Start-LguestGuest | ForEach-Object What | Should -Be $recorded
        $again.ConsoleText | Should -BeLike '*WHAT IS THAT IN CAPITALS*'
        Start-LguestGuest -Replay $other | ForEach-Object What | Should -Be $answered
        "$TestDrive/lan0" | Should -Not -Exist
    }
}

Describe 'The settings of a network with the host' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'has names, and forwards ranges of ports to any address of the guest' {
        $user = @{ forward = '0:80', '0:10.0.2.20:81'; names = @{ web = '10.0.2.2'; many = '10.0.2.100', '10.0.2.101' }; dns = 'Host' }
        $guest = New-LguestGuest -Kernel $image -Memory 4MB -Device @{ net = @{ user = $user } }, console
        $net = $guest.Definition.Devices[0]
        $net.Names | ForEach-Object ToString | Sort-Object | Should -Be many=10.0.2.100, many=10.0.2.101, web=10.0.2.2
        $net.Dns | Should -Be Host
        $guest.Networks[0].Forwards | ForEach-Object { $_.Host.Port -gt 0 } | Should -Be $true, $true
        $guest.Networks[0].Forwards[1].GuestAddress | Should -Be 10.0.2.20
        $guest | Export-LguestDefinition | Should -Match 'dns: host'
        $range = New-LguestGuest -Kernel $image -Memory 4MB -Device @{ net = @{ user = @{ forward = '127.77.0.1:8000-8002:80-82' } } }
        $range.Networks[0].Forwards | ForEach-Object ToString | Should -Be tcp:127.77.0.1:8000:80, tcp:127.77.0.1:8001:81, tcp:127.77.0.1:8002:82
    }

    It 'names what is wrong with a setting' -ForEach @(
        @{ User = @{ names = 'web' }; Message = 'the names of a user network are a table*' }
        @{ User = @{ names = @{ web = 'x' } }; Message = "'x' is not an IPv4 address*" }
        @{ User = @{ dns = 'on' }; Message = "unknown dns 'on'*" }
        @{ User = @{ forward = '80-82:80-81' }; Message = "'80-82:80-81' is not a forwarded port*" }
    ) {
        { New-LguestGuest -Kernel $image -Memory 4MB -Device @{ net = @{ user = $User } } -ErrorAction Stop } | Should -Throw $Message
    }
}
