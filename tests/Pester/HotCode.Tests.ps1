BeforeAll {
    . $PSScriptRoot/Setup.ps1
    function Complete([string] $text) { (TabExpansion2 $text $text.Length).CompletionMatches.CompletionText }
}
AfterAll { Get-LguestGuest | Remove-LguestGuest }

Describe 'Get-LguestHotCode' {
    BeforeAll {
        $guest = New-LguestGuest $examples/paging/paging.yaml -Name hot -Clock Virtual -SampleEvery 10
        $guest | Wait-LguestGuest | Out-Null
    }

    It 'shows the hottest functions first, with their share' {
        $hot = $guest | Get-LguestHotCode
        $hot.Count | Should -BeGreaterThan 1
        $hot[0].PSObject.TypeNames[0] | Should -Be LguestPS.HotCode
        $hot[0].Guest | Should -Be hot
        ($hot.Share | Sort-Object -Descending) | Should -Be $hot.Share
        $hot.Symbol | Should -Contain main
    }

    It 'shows as many lines as are asked for, by function or by instruction' {
        @(Get-LguestHotCode hot -First 1).Count | Should -Be 1
        (Get-LguestHotCode hot -By Instruction -First 100000).Count | Should -BeGreaterThan (Get-LguestHotCode hot -First 100000).Count
        (Get-LguestHotCode hot -By Instruction -First 100000 | Measure-Object Share -Sum).Sum | Should -BeGreaterThan 0.9999
    }

    It 'is the same without compiled code' {
        $chains = New-LguestGuest $examples/paging/paging.yaml -Name hot2 -Clock Virtual -SampleEvery 10 -Compile Off
        $chains | Wait-LguestGuest | Out-Null
        ($chains | Get-LguestHotCode | ForEach-Object { "$($_.Address) $($_.Samples)" }) | Should -Be ($guest | Get-LguestHotCode | ForEach-Object { "$($_.Address) $($_.Samples)" })
    }

    It 'fits a table of 80 columns, and completes its parameters' {
        ($guest | Get-LguestHotCode | Out-String -Width 80) | Should -Match 'main'
        Complete 'Get-LguestHotCode hot -By ' | Should -Be Function, Instruction
        Complete 'Get-LguestHotCode ho' | Should -Contain hot
    }

    It 'says what to do for a guest of which no samples are taken' {
        $plain = New-LguestGuest $examples/hello/hello.yaml
        { $plain | Get-LguestHotCode -ErrorAction Stop } | Should -Throw -PassThru | ForEach-Object ErrorDetails | Should -Match '-SampleEvery'
        { New-LguestGuest $examples/hello/hello.yaml -SampleEvery 0 -ErrorAction Stop } | Should -Throw '*a sample every 0 instructions*'
    }
}
