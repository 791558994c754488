# Imports the module, as a user would: the staged one, or the one that Run.ps1 has installed. Every test file begins with this.
$ErrorActionPreference = 'Stop'
$repository = Resolve-Path "$PSScriptRoot/../.."
$examples = Join-Path $repository examples
$modulePath = $env:LGUEST_MODULE ?? (Join-Path $repository out/LguestPS/LguestPS.psd1)
Import-Module $modulePath -Force
Set-Location $repository

# Waits until a condition holds; fails if that takes too long.
function Wait-Until([scriptblock] $condition, [double] $seconds = 300) {
    if (-not [Threading.SpinWait]::SpinUntil([Func[bool]] $condition, [TimeSpan]::FromSeconds($seconds))) { throw "not in $seconds s: $condition" }
}

# Runs a script in a PowerShell of its own, with folders before those of the module path, and gives its lines.
function Invoke-Fresh([string] $script, [string] $modulePaths) {
    $before = $env:PSModulePath
    try {
        if ($modulePaths) { $env:PSModulePath = $modulePaths + [IO.Path]::PathSeparator + $before }
        $file = Join-Path $TestDrive "$([guid]::NewGuid()).ps1"
        Set-Content $file "`$ErrorActionPreference = 'Stop'`nSet-Location '$repository'`n$script"
        pwsh -NoProfile -File $file
    }
    finally { $env:PSModulePath = $before }
}
