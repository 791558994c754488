# Runs the Pester tests of the staged module: all of them, or some files, on Pester 5 or another version. Writes counts and failures where the build's tests look for them.
param([string[]] $Path = $PSScriptRoot, [string] $ResultFolder = "$PSScriptRoot/../../out", [int] $PesterVersion = 5)

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
ConvertTo-Json @{ Passed = $result.PassedCount; Failed = $failed; Skipped = $result.SkippedCount; Failures = $failures } -Depth 4 | Set-Content (Join-Path $ResultFolder pester-failures.json)
exit ($failed -gt 0 ? 1 : 0)
