BeforeDiscovery {
    # Over a real SSH server, because only there nothing but what was sent is known of an event.
    $sshd = Get-Command sshd, /usr/sbin/sshd -CommandType Application -ErrorAction Ignore | Select-Object -First 1
    $missing = @(
        if (-not $sshd) { 'sshd' }
        'ssh', 'ssh-keygen' | Where-Object { -not (Get-Command $_ -CommandType Application -ErrorAction Ignore) }
    )
    $because = if ($missing) { "there is no $($missing -join ', ') (apt install openssh-server)" }
}

Describe 'Events over SSH remoting' {
    BeforeAll {
        . $PSScriptRoot/Setup.ps1
    }

    It 'keep their kinds and make the same trace' -ForEach @(@{ Because = $because; Server = "$($sshd.Source)" }) {
        if ($Because) { Set-ItResult -Skipped -Because $Because }

        $folder = (New-Item -ItemType Directory TestDrive:/ssh).FullName
        & chmod 700 $folder
        & ssh-keygen -q -t ed25519 -N '' -f $folder/host
        & ssh-keygen -q -t ed25519 -N '' -f $folder/user
        Copy-Item $folder/user.pub $folder/authorized
        if ((& id -u) -eq 0) { New-Item -ItemType Directory -Force /run/sshd | Out-Null }

        $probe = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
        $probe.Start(); $port = $probe.LocalEndpoint.Port; $probe.Stop()
        @"
ListenAddress 127.0.0.1
Port $port
HostKey $folder/host
AuthorizedKeysFile $folder/authorized
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
Subsystem powershell $((Get-Command pwsh -CommandType Application | Select-Object -First 1).Source) -sshs -NoLogo -NoProfile
"@ | Set-Content $folder/config
        $start = [Diagnostics.ProcessStartInfo]::new($Server, [string[]]@('-D', '-e', '-f', "$folder/config"))
        $start.RedirectStandardError = $true
        $process = [Diagnostics.Process]::Start($start)
        try {
            # It says so when it listens; if it ends instead, what it said is the reason.
            $said = while ($null -ne ($line = $process.StandardError.ReadLine())) { $line; if ($line -match 'Server listening') { break } }
            "$said" | Should -Match 'Server listening'

            $session = New-PSSession -HostName 127.0.0.1 -Port $port -UserName ([Environment]::UserName) -KeyFilePath $folder/user -Options @{
                StrictHostKeyChecking = 'no'; UserKnownHostsFile = '/dev/null'; IdentitiesOnly = 'yes'; LogLevel = 'ERROR'
            }
            $events = Invoke-Command $session { Import-Module $using:modulePath; Start-LguestGuest "$using:examples/ring/ring.yaml" }
            Remove-PSSession $session
        }
        finally {
            $process.Kill($true)
            $process.WaitForExit()
        }

        $local = Start-LguestGuest $examples/ring/ring.yaml
        @($events | Where-Object Kind -EQ Hypercall).Count | Should -Be @($local | Where-Object Kind -EQ Hypercall).Count
        ($events | Where-Object Kind -EQ Dma)[0].Direction | Should -BeExactly Send
        $events | Export-LguestTrace TestDrive:/remote.trace
        $local | Export-LguestTrace TestDrive:/local.trace
        Get-Content TestDrive:/remote.trace | Should -Be (Get-Content TestDrive:/local.trace)
    }
}
