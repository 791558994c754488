# Machines to reach by SSH: each is an sshd of its own on a loopback port, with its own cache and temporary folder.

# What is missing for them on this machine, in words; nothing if nothing is.
function Get-SshdObstacle {
    $missing = @(
        if (-not (Get-SshdPath)) { 'sshd' }
        'ssh', 'ssh-keygen' | Where-Object { -not (Get-Command $_ -CommandType Application -ErrorAction Ignore) }
    )
    if ($missing) { "there is no $($missing -join ', ') (apt install openssh-server)" }
}

function Get-SshdPath { (Get-Command sshd, /usr/sbin/sshd -CommandType Application -ErrorAction Ignore | Select-Object -First 1).Source }

function Get-FreePort {
    $probe = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
    $probe.Start()
    try { $probe.LocalEndpoint.Port } finally { $probe.Stop() }
}

# Starts a machine in a folder. Its variables are set for whoever logs in; ModulePath is where its PowerShell looks for modules.
function Start-Sshd([string] $Folder, [hashtable] $Environment = @{}) {
    $null = New-Item -ItemType Directory -Force $Folder, $Folder/cache, $Folder/temp
    & chmod 700 $Folder $Folder/temp
    foreach ($key in 'host', 'user') { if (-not (Test-Path $Folder/$key)) { & ssh-keygen -q -t ed25519 -N '' -f $Folder/$key } }
    Copy-Item $Folder/user.pub $Folder/authorized
    if ((& id -u) -eq 0) { New-Item -ItemType Directory -Force /run/sshd | Out-Null }
    $port = Get-FreePort
    $variables = @{ XDG_CACHE_HOME = "$Folder/cache"; TMPDIR = "$Folder/temp"; POWERSHELL_TELEMETRY_OPTOUT = 1; POWERSHELL_UPDATECHECK = 'Off' }
    foreach ($name in $Environment.Keys) { $variables[$name] = $Environment[$name] }
    @"
ListenAddress 127.0.0.1
Port $port
HostKey $Folder/host
AuthorizedKeysFile $Folder/authorized
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
SetEnv $(($variables.GetEnumerator() | ForEach-Object { '"{0}={1}"' -f $_.Key, $_.Value }) -join ' ')
Subsystem powershell $((Get-Command pwsh -CommandType Application | Select-Object -First 1).Source) -sshs -NoLogo -NoProfile
"@ | Set-Content $Folder/config
    $start = [Diagnostics.ProcessStartInfo]::new((Get-SshdPath), [string[]]@('-D', '-e', '-f', "$Folder/config"))
    $start.RedirectStandardError = $true
    $process = [Diagnostics.Process]::Start($start)
    # It says so when it listens; if it ends instead, what it said is the reason.
    $said = while ($null -ne ($line = $process.StandardError.ReadLine())) { $line; if ($line -match 'Server listening') { break } }
    if ("$said" -notmatch 'Server listening') { throw "sshd ended: $said" }
    # Whatever else it says is of no interest, but it must be read.
    $null = $process.StandardError.BaseStream.CopyToAsync([IO.Stream]::Null)
    [pscustomobject]@{
        Folder = $Folder
        Port = $port
        Process = $process
        Connection = @{
            HostName = '127.0.0.1'; Port = $port; UserName = [Environment]::UserName; KeyFilePath = "$Folder/user"
            Options = @{ StrictHostKeyChecking = 'no'; UserKnownHostsFile = '/dev/null'; IdentitiesOnly = 'yes'; LogLevel = 'ERROR' }
        }
    }
}

# Ends a machine and everything that runs on it.
function Stop-Sshd($Machine) {
    if (-not $Machine.Process.HasExited) { $Machine.Process.Kill($true) }
    $Machine.Process.WaitForExit()
}
