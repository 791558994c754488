BeforeDiscovery {
    $isMissing = -not (Get-Module PSScriptAnalyzer -ListAvailable)
    $name = $isMissing ? 'finds nothing, where PSScriptAnalyzer is installed, which it is not here' : 'finds nothing'
    $folders = 'bench', 'src', 'tests', 'examples'
    $repository = Resolve-Path "$PSScriptRoot/../.."
    $scripts = @(
        Get-ChildItem "$repository/*" -File -Include *.ps1, *.psm1, PSScriptAnalyzerSettings.psd1 -Name
        foreach ($folder in $folders) {
            Get-ChildItem (Join-Path $repository $folder) -File -Recurse -Include *.ps1, *.psm1, *.psd1 |
                Where-Object FullName -NotMatch '[\\/](bin|obj)[\\/]' | ForEach-Object { [IO.Path]::GetRelativePath($repository, $_.FullName) }
        }
    )
    # Pages of help are code for whoever reads them, and they copy it.
    $pages = (Get-ChildItem "$repository/docs" -Filter *.md).Name
}

Describe 'PSScriptAnalyzer' {
    BeforeAll {
        . $PSScriptRoot/Setup.ps1
        $settings = Join-Path $repository PSScriptAnalyzerSettings.psd1

        function Format-Finding {
            process { "$($_.ScriptName):$($_.Line) $($_.RuleName): $($_.Message)" }
        }
    }

    It "$name in <_>" -ForEach $scripts -Skip:$isMissing {
        Invoke-ScriptAnalyzer -Path (Join-Path $repository $_) -Settings $settings | Format-Finding | Should -BeNullOrEmpty
    }

    It 'would find an alias, or what else the settings leave in' -Skip:$isMissing {
        (Invoke-ScriptAnalyzer -ScriptDefinition 'gci | foreach { $_ }' -Settings $settings).RuleName | Should -Contain PSAvoidUsingCmdletAliases
    }

    # The manifest names files that only the staged module has.
    It "$name in the module as it is staged" -Skip:$isMissing {
        Invoke-ScriptAnalyzer -Path (Split-Path $modulePath) -Recurse -Settings $settings | Format-Finding | Should -BeNullOrEmpty
    }

    It "$name in the module by the rules of the PowerShell Gallery" -Skip:$isMissing {
        Invoke-ScriptAnalyzer -Path (Split-Path $modulePath) -Recurse -Settings PSGallery | Format-Finding | Should -BeNullOrEmpty
    }

    It "$name in the examples of docs/<_>" -ForEach $pages -Skip:$isMissing {
        $text = Get-Content "$repository/docs/$_" -Raw
        foreach ($block in [regex]::Matches($text, '(?ms)^```powershell\r?\n(.*?)^```')) {
            # What is shown with a prompt is a session, with its output.
            $code = $block.Groups[1].Value
            if ($code -match '(?m)^(PS|>>)') { continue }
            Invoke-ScriptAnalyzer -ScriptDefinition $code -Settings $settings | ForEach-Object { "$($_.Line) $($_.RuleName): $($_.Message)`n$code" } | Should -BeNullOrEmpty
        }
    }
}
