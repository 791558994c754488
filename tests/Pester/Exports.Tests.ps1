BeforeAll {
    . $PSScriptRoot/Setup.ps1
    $live = Start-LguestGuest $examples/paging/paging.yaml
    $live | Export-Clixml TestDrive:/events.xml
    $stored = Import-Clixml TestDrive:/events.xml
    $formats = 'JsonLines', 'Perfetto', 'ChromeJson', 'Otlp', 'Pcapng', 'Csv'
}

Describe 'Export-LguestTrace -As' {
    It 'writes the same from events that were in a file: <_>' -ForEach 'JsonLines', 'Perfetto', 'ChromeJson', 'Otlp', 'Pcapng', 'Csv' {
        $live | Export-LguestTrace TestDrive:/live -As $_
        $stored | Export-LguestTrace TestDrive:/stored -As $_
        (Get-FileHash TestDrive:/stored).Hash | Should -Be (Get-FileHash TestDrive:/live).Hash
        (Get-Item TestDrive:/live).Length | Should -BeGreaterThan 40
    }

    It 'gives a table that Import-Csv reads' {
        $live | Export-LguestTrace TestDrive:/table.csv -As Csv
        $rows = Import-Csv TestDrive:/table.csv
        $rows.Count | Should -Be $live.Count
        $rows.Sequence | Should -Be @($live.Sequence | ForEach-Object { "$_" })
        ($rows | Where-Object Kind -EQ Dma)[0].Data | Should -Be ([Convert]::ToHexString(($live | Where-Object Kind -EQ Dma)[0].Data).ToLower())
    }

    It 'gives JSON that ConvertFrom-Json reads' {
        $live | Export-LguestTrace TestDrive:/chrome.json -As ChromeJson
        $names = (Get-Content TestDrive:/chrome.json -Raw | ConvertFrom-Json).traceEvents | Where-Object ph -EQ M | ForEach-Object { $_.args.name }
        $names | Should -Contain paging
        $names | Should -Contain vCPU
        $live | Export-LguestTrace TestDrive:/lines.jsonl -As JsonLines
        @(Get-Content TestDrive:/lines.jsonl | ConvertFrom-Json).Count | Should -Be $live.Count
    }

    It 'leaves nothing of a run that is left early' {
        Set-Content TestDrive:/old.csv 'precious'
        Start-LguestGuest $examples/ring/ring.yaml | Export-LguestTrace TestDrive:/old.csv -As Csv -PassThru | Select-Object -First 2 | Should -HaveCount 2
        Get-Content TestDrive:/old.csv | Should -Be 'precious'
        Get-ChildItem TestDrive:/old.csv* | Should -HaveCount 1
    }

    It 'leaves nothing of a run that is stopped' {
        $path = Join-Path $TestDrive stopped.json
        $shell = [powershell]::Create()
        $null = $shell.AddScript("Import-Module '$modulePath'; Start-LguestGuest '$examples/timer/timer.yaml' | Export-LguestTrace '$path' -As ChromeJson -PassThru | ForEach-Object { [Threading.Thread]::CurrentThread.Join(50) }")
        $running = $shell.BeginInvoke()
        while (-not (Test-Path "$path.*.tmp") -and -not $running.IsCompleted) { [Threading.Thread]::Yield() }
        $shell.Stop()
        $shell.Dispose()
        Get-ChildItem "$path*" | Should -BeNullOrEmpty
    }

    It 'reports what is not an event and goes on' {
        @($live[0], 'text', [pscustomobject]@{ Kind = 'Trap'; GuestTime = 'soon' }, $live[1]) |
            Export-LguestTrace TestDrive:/some.jsonl -As JsonLines -ErrorVariable problems -ErrorAction SilentlyContinue
        "$($problems[0])" | Should -BeLike '*not an event*'
        @(Get-Content TestDrive:/some.jsonl).Count | Should -Be 2
    }

    It 'takes Detail only without it' {
        { $live | Export-LguestTrace TestDrive:/x -As Csv -Detail Names } | Should -Throw -ErrorId 'AmbiguousParameterSet*'
    }

    It 'writes frames that Wireshark reads' -Skip:(-not (Get-Command capinfos -ErrorAction Ignore)) {
        $live | Export-LguestTrace TestDrive:/frames.pcapng -As Pcapng
        capinfos -t (Join-Path $TestDrive frames.pcapng) | Select-Object -Last 1 | Should -BeLike '*pcapng'
    }
}
