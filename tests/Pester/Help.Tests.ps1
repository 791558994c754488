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
