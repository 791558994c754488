# Imports the staged module, as a user would; every test file begins with this.
$ErrorActionPreference = 'Stop'
$repository = Resolve-Path "$PSScriptRoot/../.."
$examples = Join-Path $repository examples
$modulePath = Join-Path $repository out/LguestPS/LguestPS.psd1
Import-Module $modulePath -Force
Set-Location $repository
