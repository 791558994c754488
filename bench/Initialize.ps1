# What the measurements in PowerShell begin with: the staged module, and the guests in bench/workloads.
$staged = Join-Path -Path $PSScriptRoot -ChildPath .. -AdditionalChildPath out, LguestPS
if (-not (Test-Path $staged)) { throw "$([IO.Path]::GetFullPath($staged)) does not exist: run 'dotnet build' in $(Split-Path $PSScriptRoot) first" }
Import-Module $staged

$missing = @('make', 'gcc', 'python3' | Where-Object { -not (Get-Command $_ -CommandType Application -ErrorAction Ignore) })
if ($missing) { throw "this measurement needs $($missing -join ', '): install $($missing -join ' ') (Debian: apt-get install) and run it again" }
make -s -C (Join-Path $PSScriptRoot workloads)
if ($LASTEXITCODE) { throw "make -C bench/workloads ended with status $LASTEXITCODE" }
