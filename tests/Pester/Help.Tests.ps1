BeforeDiscovery {
    . $PSScriptRoot/Setup.ps1
    $commands = Get-Command -Module LguestPS
    $common = [Management.Automation.PSCmdlet]::CommonParameters
    $parameters = foreach ($command in $commands) {
        foreach ($name in $command.Parameters.Keys | Where-Object { $_ -notin $common -and $command.Parameters[$_].Attributes.DontShow -notcontains $true }) { @{ Command = $command.Name; Parameter = $name } }
    }
    $examplesOfHelp = foreach ($command in $commands) {
        $number = 0
        if ($command.Name -eq 'Enter-LguestConsole') { continue }       # there is no terminal here
        foreach ($example in (Get-Help $command.Name).Examples.Example) { @{ Command = $command.Name; Number = ++$number; Code = $example.Code } }
    }
    $topics = Get-ChildItem $repository/docs/about_*.md | ForEach-Object BaseName
}
BeforeAll { . $PSScriptRoot/Setup.ps1 }

Describe 'The help of <_.Name>' -ForEach $commands {
    It 'is there' {
        $help = Get-Help $_.Name -Full
        $help.Synopsis | Should -Not -Match '\[' -Because 'that would be the generated syntax'
        $help.Description.Text | Should -Not -BeNullOrEmpty
        $help.Syntax.syntaxItem.Count | Should -BeGreaterOrEqual ($_.ParameterSets.Count)
        $help.returnValues.returnValue | Should -Not -BeNullOrEmpty
        $help | Out-String | Should -Match 'EXAMPLE 1|Example 1'
    }
}

Describe 'Parameters' {
    It '<Command> -<Parameter> is described' -ForEach $parameters {
        $help = Get-Help $Command -Parameter $Parameter
        $help.description.Text | Should -Not -BeNullOrEmpty
        $attributes = (Get-Command $Command).Parameters[$Parameter].Attributes | Where-Object { $_ -is [Parameter] }
        $help.required | Should -Be "$([bool]$attributes[0].Mandatory)".ToLowerInvariant()
    }
}

Describe 'Examples' {
    It '<Command>, example <Number>, runs' -ForEach $examplesOfHelp {
        try {
            Set-Location $repository
            # Where several versions are installed, the one that runs this is the only one that can be imported.
            $Code = $Code -replace 'Import-Module Pester\b', "Import-Module '$((Get-Module Pester).Path)'"
            $out = & ([scriptblock]::Create($Code)) -ErrorAction Stop -WarningAction SilentlyContinue | Out-String
            if ($Code -notmatch 'Remove-LguestGuest|-WhatIf|State') { $out.Trim() | Should -Not -BeNullOrEmpty }
        }
        finally {
            Get-Job | Where-Object PSJobTypeName -EQ LguestGuest | Remove-Job -Force
            Get-LguestGuest | Remove-LguestGuest
        }
    }
}

Describe 'The topic <_>' -ForEach $topics {
    It 'can be read' { Get-Help $_ | Out-String | Should -Match 'SHORT DESCRIPTION' }

    It 'fits into 79 columns' {
        $file = Join-Path (Get-Module LguestPS).ModuleBase "en-US/$_.help.txt"
        Get-Content $file | Where-Object Length -GT 79 | Should -BeNullOrEmpty
    }
}

Describe 'The page of <_.Name>' -ForEach $commands {
    BeforeAll {
        $lines = Get-Content $repository/docs/$($_.Name).md
        $front = @{}
        foreach ($line in $lines[1..([array]::IndexOf($lines, '---', 1) - 1)]) { $key, $value = $line -split ': ', 2; $front[$key] = $value }
        $isCode = $false
        $headings = foreach ($line in $lines) {
            if ($line.StartsWith('```')) { $isCode = -not $isCode }
            elseif (-not $isCode -and $line -match '^#+ ') { $line }
        }
        $blocks = [regex]::Matches($lines -join "`n", '(?ms)^### -(\w+)$(?:(?!^#).)*?^```yaml$(.*?)^```$')
    }

    It 'begins as platyPS expects' {
        $lines[0] | Should -Be '---'
        $front.'document type', $front.'external help file', $front.'Module Name', $front.Locale, $front.title | Should -Be cmdlet, LguestPS.dll-Help.xml, LguestPS, en-US, $_.Name
        $front.'PlatyPS schema version' | Should -Be '2024-05-01'
        [datetime]::ParseExact($front.'ms.date', 'MM/dd/yyyy', [cultureinfo]::InvariantCulture) | Should -BeLessOrEqual (Get-Date).AddDays(1)
    }
    It 'has all chapters, in order' {
        $headings -match '^# ' | Should -Be "# $($_.Name)"
        $headings -match '^## ' -replace '^## ' | Should -Be SYNOPSIS, SYNTAX, ALIASES, DESCRIPTION, EXAMPLES, PARAMETERS, INPUTS, OUTPUTS, NOTES, 'RELATED LINKS'
    }
    It 'shows each parameter set once' {
        $start = [array]::IndexOf($headings, '## SYNTAX')
        $sets = $headings[($start + 1)..([array]::IndexOf($headings, '## ALIASES') - 1)] -replace '^### ' -replace ' \(Default\)$'
        $sets | Sort-Object | Should -Be ($_.ParameterSets.Name | Sort-Object)
    }
    It 'says of each parameter what PowerShell says' {
        $common = [Management.Automation.PSCmdlet]::CommonParameters
        $shown = $_.Parameters.Values | Where-Object { $_.Name -notin $common -and $_.Attributes.DontShow -notcontains $true }
        $blocks.ForEach{ $_.Groups[1].Value } | Sort-Object | Should -Be ($shown.Name | Sort-Object)
        foreach ($block in $blocks) {
            $parameter = $_.Parameters[$block.Groups[1].Value]
            $said = $block.Groups[2].Value
            $type = [Nullable]::GetUnderlyingType($parameter.ParameterType) ?? $parameter.ParameterType
            $said | Should -Match "(?m)^Type: $([regex]::Escape($type.IsGenericType ? $type.ToString() : $type.FullName))$" -Because $parameter.Name
            $aliases = [regex]::Match($said, '(?ms)^Aliases:(.*?)^ParameterSets:').Groups[1].Value -split "`n" -match '^- ' -replace '^- '
            $aliases | Sort-Object | Should -Be ($parameter.Aliases | Sort-Object) -Because $parameter.Name
            [regex]::Matches($said, '(?m)^- Name: (.*)$').ForEach{ $_.Groups[1].Value -replace '^\(All\)$', '__AllParameterSets' } | Sort-Object | Should -Be ($parameter.ParameterSets.Keys | Sort-Object) -Because $parameter.Name
            [regex]::Matches($said, '(?m)^  IsRequired: (.*)$').ForEach{ $_.Groups[1].Value } | Should -Be ($parameter.ParameterSets.Values | ForEach-Object { "$($_.IsMandatory)".ToLowerInvariant() }) -Because $parameter.Name
        }
    }
    It 'links to pages that exist' {
        $links = [regex]::Matches(($lines -join "`n"), '(?m)^- \[(.+?)\]\((.+?)\)$')
        $links.Count | Should -BeGreaterThan 0
        foreach ($link in $links) { Join-Path $repository docs $link.Groups[2].Value | Should -Exist }
    }
}
