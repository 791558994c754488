BeforeAll {
    . $PSScriptRoot/Setup.ps1
    $ProgressPreference = 'SilentlyContinue'
    $nightly = "$examples/nightly.yaml"
    function Ring($Check = @{}, [hashtable] $More = @{}) { Invoke-LguestMatrix -Definition $examples/ring/ring.yaml -Parameter @{ Clock = 'Virtual' } -Check $Check -OutputPath $TestDrive/kept @More }
}

Describe 'Get-LguestMatrix' {
    It 'shows the cells of a file' {
        $matrix = Get-LguestMatrix $nightly
        $matrix.Cells.Count | Should -Be 6
        $matrix.Cells[3].Name | Should -BeExactly 'ring memory=32MiB clock=virtual'
        $matrix.Cell(3).Definition.Memory | Should -Be 32MB
        { $matrix.Cell(6) } | Should -Throw '*has no cell 6; its cells are 0 to 5*'
    }

    It 'makes the same matrix of parameters, a data file and YAML' {
        @"
@{
    definitions = '$examples/hello/hello.yaml', @{ name = 'own'; kernel = '$examples/ring/ring.elf'; devices = 'console' }
    parameters  = @{ memory = 16MB, 32MB; commandLine = [ordered]@{ none = ''; quick = 'test=1' } }
    repeat      = 2
    timeLimit   = 60
    record      = 'Always'
    checks      = @{ ends = @{ ending = 'PowerDown'; consoleNot = 'Oops' }; script = { `$_.EventCount -gt 5 } }
}
"@ -replace '\[ordered\]' | Set-Content $TestDrive/m.psd1
        @"
definitions: [ $examples/hello/hello.yaml, { name: own, kernel: $examples/ring/ring.elf, devices: [ console ] } ]
parameters: { commandLine: { none: '', quick: test=1 }, memory: [ 16MiB, 32MiB ] }
repeat: 2
timeLimit: 60s
record: always
checks: { ends: { ending: powerDown, consoleNot: Oops }, script: { script: `$_.EventCount -gt 5 } }
"@ | Set-Content $TestDrive/m.yaml
        $typed = Get-LguestMatrix -Name m -Definition $examples/hello/hello.yaml, @{ name = 'own'; kernel = "$examples/ring/ring.elf"; devices = 'console' } -Repeat 2 -TimeLimit 60 -Record Always `
            -Parameter ([ordered]@{ CommandLine = [ordered]@{ none = ''; quick = 'test=1' }; Memory = 16MB, 32MB }) -Check @{ ends = @{ Ending = 'PowerDown'; ConsoleNot = 'Oops' }; script = { $_.EventCount -gt 5 } }
        $yaml = Get-LguestMatrix $TestDrive/m.yaml
        $data = Get-LguestMatrix $TestDrive/m.psd1
        $data.Cells.Name | Should -Be $yaml.Cells.Name
        $typed.Cells.Name | Should -Be $yaml.Cells.Name
        $data.Id | Should -Be $yaml.Id
        $yaml.Cells.Count | Should -Be 16
    }

    It 'goes to a file and back' {
        $matrix = Get-LguestMatrix -Name whole -Definition $examples/disk/disk.yaml -Parameter @{ Memory = 16MB, 32MB; Symbols = "$examples/hello/hello.elf" } -Repeat 2 -TimeLimit 5 -Check @{ 'by "script"' = { $_.Ending } } -WarningAction SilentlyContinue
        ($matrix | Export-LguestMatrix $TestDrive/whole.yaml -PassThru).Name | Should -Be whole.yaml
        $again = Get-LguestMatrix $TestDrive/whole.yaml
        $again.Cells.Name | Should -Be $matrix.Cells.Name
        $again.Cells[1].Definition.Devices | Should -Be $matrix.Cells[1].Definition.Devices
        $again.Cells[1].Definition.Limits | Should -Be $matrix.Cells[1].Definition.Limits
        $again.Checks | Should -Be $matrix.Checks
        { $matrix | Export-LguestMatrix $TestDrive/whole.yaml -NoClobber -ErrorAction Stop } | Should -Throw '*already there*'
    }

    It 'says what is wrong with <Because>' -ForEach @(
        @{ Because = 'a parameter'; Parameter = @{ Memry = 1 }; Check = @{}; Expected = "*there is no parameter 'Memry'; did you mean 'memory'*" }
        @{ Because = 'a value'; Parameter = @{ Clock = 'sun' }; Check = @{}; Expected = "*parameter 'clock'*there is no 'sun'; known are host, virtual, events*" }
        @{ Because = 'a condition'; Parameter = @{}; Check = @{ a = @{ endnig = 1 } }; Expected = "*check 'a' has no condition 'endnig'; did you mean 'ending'*" }
        @{ Because = 'a script'; Parameter = @{}; Check = @{ a = 'if (' }; Expected = "*check 'a'*is not a script*" }
        @{ Because = 'a variable of the session'; Parameter = @{}; Check = @{ a = '$_.Name -eq $using:name' }; Expected = "*check 'a'*`$using:name*there is nothing of this session*" }
    ) {
        { Get-LguestMatrix -Definition $examples/hello/hello.yaml -Parameter $Parameter -Check $Check -ErrorAction Stop } | Should -Throw $Expected -ErrorId 'InvalidDefinition,*'
    }

    It 'says which file is missing' {
        { Get-LguestMatrix $TestDrive/none.yaml -ErrorAction Stop } | Should -Throw "*none.yaml' does not exist*" -ErrorId 'FileUnavailable,*'
        { Get-LguestMatrix $TestDrive/none.psd1 -ErrorAction Stop } | Should -Throw "*none.psd1' does not exist*" -ErrorId 'FileUnavailable,*'
        { Get-LguestMatrix -Definition $TestDrive/none.yaml -ErrorAction Stop } | Should -Throw "*none.yaml' does not exist*" -ErrorId 'FileUnavailable,*'
    }
}

Describe 'Invoke-LguestMatrix' {
    It 'gives a result for each cell and leaves nothing' {
        Push-Location $TestDrive
        try { $results = Invoke-LguestMatrix $nightly | Sort-Object Index } finally { Pop-Location }
        $results.Index | Should -Be (0..5)
        $results.Outcome | Sort-Object -Unique | Should -Be Passed
        $results[2].Parameters.Memory, $results[2].Ending, $results[2].HostName, $results[2].ProcessId | Should -Be 16MiB, PowerDown, ([Environment]::MachineName), $PID
        $results[2].EventHash | Should -Be $results[3].EventHash
        $results[2].ConsoleTail | Should -Match 'third text'
        "$TestDrive/nightly-results" | Should -Not -Exist
        Get-LguestGuest | Should -BeNullOrEmpty
    }

    It 'does the same in processes' {
        $here = Invoke-LguestMatrix $nightly | Sort-Object Index
        $results = Invoke-LguestMatrix $nightly -Isolation Process -ThrottleLimit 2 | Sort-Object Index
        $results.EventHash | Should -Be $here.EventHash
        $results.ProcessId | Should -Not -Contain $PID
        ($results.ProcessId | Sort-Object -Unique).Count | Should -BeLessOrEqual 2
        # A process that is told to end may need a moment for it.
        Wait-Until { -not (Get-Process -Id $results.ProcessId -ErrorAction Ignore | Where-Object { -not $_.HasExited }) }
    }

    It 'runs the cells that are asked for' {
        (Invoke-LguestMatrix $nightly -Index 4, 1, 4 | Sort-Object Index).Index | Should -Be 1, 4
        { Invoke-LguestMatrix $nightly -Index 6 -ErrorAction Stop } | Should -Throw '*has no cell 6*' -ErrorId 'InvalidValue,*'
    }

    It 'takes matrices and files from the pipeline' {
        (Get-LguestMatrix $nightly | Invoke-LguestMatrix -Index 2).Outcome | Should -Be Passed
        (Get-Item $nightly | Invoke-LguestMatrix -Index 2).Outcome | Should -Be Passed
        ($nightly | Get-LguestMatrix).Name | Should -Be nightly
    }

    It 'lists the cells with -WhatIf' {
        $lines = pwsh -NoProfile -NonInteractive -Command "Import-Module '$modulePath'; Invoke-LguestMatrix '$nightly' -HostName node1, node2 -WhatIf"
        $lines.Count | Should -Be 6
        $lines[3] | Should -Match 'Run guest.*3: ring memory=32MiB clock=virtual \(on node1, node2\)'
    }

    It 'writes lines that are read back' {
        $line = Invoke-LguestMatrix $nightly -Index 3 -AsJson
        $result = [LguestPS.MatrixResult]::FromJson($line)
        $result.Cell, $result.Outcome, $result.CellCount | Should -Be 'ring memory=32MiB clock=virtual', Passed, 6
        $result.MatrixId | Should -Be (Get-LguestMatrix $nightly).Id
    }

    It 'keeps what a guest that fails leaves, and it can be replayed' {
        $result = Invoke-LguestMatrix -Definition $examples/panic/panic.yaml -OutputPath $TestDrive/panic
        $result.Outcome, $result.Ending, $result.Checks[0].Outcome | Should -Be Failed, Crashed, Failed
        Get-Content -Raw $result.Files.Console | Should -Match 'turn 2 of shell'
        $guest = New-LguestGuest -Replay $result.Files.Recording
        try { ($guest | Start-LguestGuest -Kind Ended).Reason | Should -Be $result.Reason } finally { $guest | Remove-LguestGuest }
    }

    It 'goes on where a kernel is missing' {
        $results = Invoke-LguestMatrix -Definition $examples/ring/ring.yaml, @{ kernel = "$TestDrive/gone.elf" } -Parameter @{ Memory = 16MB, 32MB } -ErrorAction SilentlyContinue
        ($results | Where-Object Definition -EQ ring).Outcome | Should -Be Passed, Passed
        ($results | Where-Object Definition -EQ gone).Outcome | Should -Be Error, Error
        ($results | Where-Object Definition -EQ gone)[0].Error | Should -Match 'gone.elf'
    }

    It 'stops where the pipeline stops' {
        Invoke-LguestMatrix -Definition $examples/timer/timer.yaml -Parameter @{ Clock = 'host' } -Repeat 500 -ThrottleLimit 2 | Select-Object -First 3 | Should -HaveCount 3
    }

    It 'runs a guest that failed again when asked' {
        (Ring -Check @{ never = { $false } } -More @{ RetryCount = 2 }).Attempt | Should -Be 3
        (Ring -Check @{ never = { $false } }).Attempt | Should -Be 1
        (Ring -Check @{ always = { $true } } -More @{ RetryCount = 2 }).Attempt | Should -Be 1
    }
}

Describe 'A check' {
    It '{<Script>} is <Outcome>' -ForEach @(
        @{ Script = { $_.Ending.Kind -eq 'PowerDown' }; Outcome = 'Passed'; Message = $null }
        @{ Script = { $Guest.ConsoleText -match 'third' -and $Console -match 'third' -and $Events.Count -eq 23 }; Outcome = 'Passed'; Message = $null }
        @{ Script = { ($Events | Where-Object Kind -EQ Hypercall).Name | Should -Contain SEND_DMA }; Outcome = 'Passed'; Message = $null }
        @{ Script = { $_.EventCount | Should -Be 22 }; Outcome = 'Failed'; Message = 'Expected 22, but got 23.' }
        @{ Script = { $_.EventCount -eq 22 }; Outcome = 'Failed'; Message = '*is False' }
        @{ Script = { $Console | Select-String nothing }; Outcome = 'Failed'; Message = '*wrote nothing' }
        @{ Script = '{ $false }'; Outcome = 'Failed'; Message = '*is False' }
        @{ Script = { throw 'no' }; Outcome = 'Failed'; Message = 'no' }
        @{ Script = { Get-Item /no/such/file; $true }; Outcome = 'Failed'; Message = '*/no/such/file*' }
    ) {
        $check = (Ring -Check @{ it = $Script }).Checks[0]
        $check.Outcome | Should -Be $Outcome
        if ($Message) { $check.Message | Should -BeLike $Message } else { $check.Message | Should -BeNullOrEmpty }
    }

    It 'by conditions needs no script' {
        $result = Ring -Check @{ all = @{ Ending = 'PowerDown'; Reason = '^Power'; Console = 'third'; ConsoleNot = 'fourth'; InstructionsAtMost = 10000; GuestTimeAtMost = '1s' } }
        $result.Outcome | Should -Be Passed
        (Ring -Check @{ hash = @{ EventHash = $result.EventHash } }).Outcome | Should -Be Passed
        (Ring -Check @{ hash = @{ EventHash = '00' } }).Checks[0].Message | Should -BeLike "*$($result.EventHash)*"
    }
}
