BeforeAll {
    . $PSScriptRoot/Setup.ps1
    $file = Join-Path ([IO.Path]::GetTempPath()) "$([guid]::NewGuid()).lguest"
    Start-LguestGuest $examples/ring/ring.yaml -Clock Virtual -RecordPath $file -Kind Ended | Out-Null
    Get-LguestGuest | Remove-LguestGuest
}

AfterAll { Remove-Item $file }

Describe 'Get-LguestCall' {
    BeforeAll {
        $guest = New-LguestGuest $examples/panic/panic.yaml
        $guest | Wait-LguestGuest | Out-Null
    }
    AfterAll { Get-LguestGuest | Remove-LguestGuest }

    It 'gets calls with their arguments, results and places' {
        $call = $guest | Get-LguestCall rename_task -ArgumentCount 2
        $call.Arguments.Text | Should -Be 'idle', 'idle loop'
        $call.Caller | Should -Match '^main\+'
        $call.End.Instructions - $call.Position.Instructions | Should -Be $call.Instructions
        $call.What | Should -BeLike 'rename_task("idle", "idle loop") = *'
    }
    It 'gets what did not return, too' {
        $last = $guest | Get-LguestCall schedule | Select-Object -Last 1
        $last.End | Should -BeNullOrEmpty
        $last.Result | Should -BeNullOrEmpty
    }
    It 'leaves the guest where it is' {
        $guest | Get-LguestCall | Out-Null
        $guest.State, $guest.InstructionCount | Should -Be 'Ended', (Get-LguestGuest panic).InstructionCount
    }
    It 'asks the whole run, or a part of it' {
        $all = $guest | Get-LguestCall schedule
        ($guest | Get-LguestCall schedule -From $all[2]).Count | Should -Be ($all.Count - 2)
        ($guest | Get-LguestCall schedule -To $all[2]).Count | Should -Be 2
        $guest | Get-LguestCall schedule -From 100% | Should -BeNullOrEmpty
    }
    It 'knows wildcards and what is not meant' {
        ($guest | Get-LguestCall 'sch*', print -ExcludeSymbol 'p*').Symbol | Select-Object -Unique | Should -Be schedule
    }
    It 'asks files, however they are named' {
        (Get-LguestCall -Path $file -Symbol print).Count | Should -Be 2
        (Get-LguestCall $file print).Count | Should -Be (Get-LguestCall -Path $file -Symbol print).Count
        (Get-Item $file | Get-LguestCall print).What | Should -Be (Get-LguestCall -Path $file -Symbol print).What
        Get-LguestGuest | Should -Be $guest
    }
    It 'ends when nobody takes more' { (Get-LguestCall $file | Select-Object -First 2).Count | Should -Be 2 }
    It 'says what is wrong: <Id>' -ForEach @(
        @{ Id = 'RecordingNotFound'; Script = { Get-LguestCall -Path ./none.lguest -Symbol print -ErrorAction Stop }; Text = "*'./none.lguest'*" }
        @{ Id = 'InvalidAddress'; Script = { Get-LguestCall panic prnt -ErrorAction Stop }; Text = "*did you mean 'print'?" }
        @{ Id = 'NotRecorded'; Script = { New-LguestGuest $examples/hello/hello.yaml | Get-LguestCall -ErrorAction Stop }; Text = '*was not recorded*' }
        @{ Id = 'InvalidCheckpoint'; Script = { Get-LguestCall -Path $examples/hello/hello.yaml -ErrorAction Stop }; Text = '*is no file of LguestPS*' }
    ) { $Script | Should -Throw $Text -ErrorId "$Id,*" }
    It 'looks the same from a file' {
        $calls = $guest | Get-LguestCall print, schedule
        $calls | Export-Clixml $TestDrive/calls.xml
        (Import-Clixml $TestDrive/calls.xml | Format-Table | Out-String -Width 80) | Should -Be ($calls | Format-Table | Out-String -Width 80)
    }
    It 'fits into 80 columns' {
        $guest | Get-LguestCall print, schedule | Out-String -Width 80 -Stream | ForEach-Object Length | Measure-Object -Maximum | ForEach-Object Maximum | Should -BeLessOrEqual 80
    }
}
