# Runs the Pester tests: all of them, or some files, on Pester 5 or another version; of the staged module, or of what is installed from a package.
# Writes counts and failures where the build's tests look for them.
param([string[]] $Path = $PSScriptRoot, [string] $Package, [string] $ResultFolder = "$PSScriptRoot/../../out", [int] $PesterVersion = 5)

if ($Package) {
    $env:LGUEST_MODULE = & $PSScriptRoot/Install.ps1 $Package ([IO.Path]::GetFullPath((Join-Path $ResultFolder installed)))
    # By its name, too, it is this one.
    $env:PSModulePath = ($env:LGUEST_MODULE | Split-Path | Split-Path | Split-Path) + [IO.Path]::PathSeparator + $env:PSModulePath
}
Import-Module Pester -MinimumVersion "$PesterVersion.0" -MaximumVersion "$PesterVersion.999"
$configuration = New-PesterConfiguration
$configuration.Run.Path = $Path
$configuration.Run.PassThru = $true
$configuration.Output.Verbosity = 'Normal'
$configuration.Output.RenderMode = 'Plaintext'
$configuration.TestResult.Enabled = $true
$configuration.TestResult.OutputPath = Join-Path $ResultFolder pester-results.xml
New-Item $ResultFolder -ItemType Directory -Force | Out-Null
$result = Invoke-Pester -Configuration $configuration

$failures = @(
    foreach ($test in $result.Failed) { @{ File = $test.ScriptBlock.File; Name = $test.ExpandedPath; Message = ($test.ErrorRecord | Out-String).Trim() } }
    foreach ($block in @($result.FailedBlocks) + @($result.FailedContainers)) { @{ File = "$($block.Item ?? $block.BlockContainer.Item)"; Name = "$($block.ExpandedPath ?? $block.Item)"; Message = ($block.ErrorRecord | Out-String).Trim() } }
)
# A file or block that could not even start counts as a failure.
$failed = [Math]::Max($result.FailedCount, $failures.Count)
Set-Content (Join-Path $ResultFolder pester-counts.txt) "$($result.PassedCount) $failed $($result.SkippedCount + $result.NotRunCount)"
ConvertTo-Json @{ Module = "$((Get-Module LguestPS).ModuleBase)"; Passed = $result.PassedCount; Failed = $failed; Skipped = $result.SkippedCount; Failures = $failures } -Depth 4 | Set-Content (Join-Path $ResultFolder pester-failures.json)
exit ($failed -gt 0 ? 1 : 0)
