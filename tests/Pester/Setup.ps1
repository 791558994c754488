# Imports the staged module, as a user would; every test file begins with this.
$ErrorActionPreference = 'Stop'
$repository = Resolve-Path "$PSScriptRoot/../.."
$examples = Join-Path $repository examples
$modulePath = Join-Path $repository out/LguestPS/LguestPS.psd1
Import-Module $modulePath -Force
Set-Location $repository

# Waits until a condition holds; fails if that takes too long.
function Wait-Until([scriptblock] $condition, [double] $seconds = 300) {
    if (-not [Threading.SpinWait]::SpinUntil([Func[bool]] $condition, [TimeSpan]::FromSeconds($seconds))) { throw "not in $seconds s: $condition" }
}
