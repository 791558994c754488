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

Describe 'Get-LguestMemoryAccess' {
    BeforeAll {
        $guest = New-LguestGuest $examples/panic/panic.yaml
        $guest | Wait-LguestGuest | Out-Null
    }
    AfterAll { Get-LguestGuest | Remove-LguestGuest }

    It 'tells who changed a word, and from what to what' {
        $writes = $guest | Get-LguestMemoryAccess tasks+0x28
        $writes.Count | Should -Be 2
        $writes[0].Function | Should -Match '^rename_task\+'
        $writes[0].Before, $writes[0].After | Should -Be 0xe0, 0x70
        $writes[0].What | Should -BeLike 'write 0x* <tasks+0x28>: 0xe0 -> 0x70 by 0x* <rename_task+*>'
    }
    It 'takes a guest to just before one' {
        $write = $guest | Get-LguestMemoryAccess tasks+0x28 | Select-Object -First 1
        $back = $guest | Step-LguestGuest -Back -Instruction -Until { $_.InstructionCount -eq $write.Position.Instructions }
        $back.Registers.Eip | Should -Be $write.Eip
        $guest | Wait-LguestGuest | Out-Null
    }
    It 'knows reads and instructions, and parts of the run' {
        $runs = $guest | Get-LguestMemoryAccess schedule -Access Execute
        $runs.Count | Should -Be ($guest | Get-LguestCall schedule).Count
        ($guest | Get-LguestMemoryAccess schedule -Access Execute -From $runs[1] -To $runs[3]).Count | Should -Be 2
        ($guest | Get-LguestMemoryAccess tasks -Length 48 -Access Read, Write).Access | Select-Object -Unique | Should -Contain Read
    }
    It 'sees what the host writes, and of which event it is part' {
        $byHost = $guest | Get-LguestMemoryAccess lguest_data -Length 64 | Where-Object IsByHost
        $byHost | Should -Not -BeNullOrEmpty
        $byHost[0].By | Should -Match '^host, event #\d+'
    }
    It 'asks files' { (Get-LguestMemoryAccess -Path $file -Address lguest_data -Length 200).Count | Should -BeGreaterThan 0 }
    It 'says what is wrong: <Id>' -ForEach @(
        @{ Id = 'ArgumentMissing'; Script = { $guest | Get-LguestMemoryAccess } }
        @{ Id = 'InvalidAddress'; Script = { $guest | Get-LguestMemoryAccess 0xfffffffe -ErrorAction Stop } }
        @{ Id = 'InvalidAddress'; Script = { $guest | Get-LguestMemoryAccess taks -ErrorAction Stop } }
    ) { $Script | Should -Throw -ErrorId "$Id,*" }
    It 'looks the same from a file, in 80 columns' {
        $seen = $guest | Get-LguestMemoryAccess tasks, lguest_data -Length 48
        $seen | Export-Clixml $TestDrive/seen.xml
        $text = $seen | Format-Table | Out-String -Width 80
        Import-Clixml $TestDrive/seen.xml | Format-Table | Out-String -Width 80 | Should -Be $text
    }
}

Describe 'Get-LguestEvent' {
    AfterAll { Get-LguestGuest | Remove-LguestGuest }

    It 'gets the events of a file' {
        $events = Get-LguestEvent $file
        $events.Sequence | Should -Be (1..$events.Count)
        $events[-1] | Should -BeOfType LguestPS.GuestEndedEvent
        Get-LguestGuest | Should -BeNullOrEmpty
    }
    It 'chooses by kind, hypercall, arguments, device and place' {
        (Get-LguestEvent $file -Kind Dma).Kind | Select-Object -Unique | Should -Be Dma
        $all = Get-LguestEvent -Path $file -Hypercall BIND_DMA
        $some = Get-LguestEvent -Path $file -Hypercall BIND_DMA -Argument @{ key = 0x1000 }
        $some.Sequence | Should -Be ($all | Where-Object Decoded -match 'key=0x0*1000 ').Sequence
        Get-LguestEvent -Path $file -Hypercall BIND_DMA -Argument @{ key = 0x77 } | Should -BeNullOrEmpty
        (Get-LguestEvent $file -From $all[1] -To $all[3] -Hypercall BIND_DMA).Sequence | Should -Be $all[1, 2].Sequence
        (Get-LguestEvent $file -From '#10' | Select-Object -First 1).Sequence | Should -Be 10
    }
    It 'has the bytes of transfers where they are asked for' {
        (Get-LguestEvent $file -Kind Dma -WithData | ForEach-Object Text) -join '' | Should -Match 'all six were done once'
    }
    It 'does the run of a guest again that was recorded without its events' {
        $guest = New-LguestGuest $examples/panic/panic.yaml
        $events = $guest | Start-LguestGuest
        ($guest | Get-LguestEvent).Sequence | Should -Be $events.Sequence
    }
    It 'wants to know of which hypercall arguments are' { { Get-LguestEvent $file -Argument @{ key = 1 } -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidValue,*' }
}

Describe 'Trace-LguestValue' {
    BeforeAll {
        $guest = New-LguestGuest $examples/panic/panic.yaml
        $guest | Wait-LguestGuest | Out-Null
    }
    AfterAll { Get-LguestGuest | Remove-LguestGuest }

    It 'follows a byte to the text that it came from' {
        $steps = $guest | Trace-LguestValue tasks+0x28 -Length 1 -Back
        $steps.Origin | Should -Be Copy, Copy, Initial
        $steps.Number | Should -Be 1, 2, 3
        [char] $steps[-1].Value | Should -Be p
    }
    It 'follows a register from where a guest stands' {
        $guest | Step-LguestGuest -Back -Hypercall CRASH | Out-Null
        $steps = $guest | Trace-LguestValue edx
        $steps[0].Function | Should -Match '^crash\+'
        $steps[-1].Origin | Should -Be Constant
        $steps[-1].Instruction | Should -Match '^push'
        $guest | Wait-LguestGuest | Out-Null
    }
    It 'asks for another moment, and takes no more steps than it is told to' {
        ($guest | Trace-LguestValue ebp -At 50% -MostSteps 2).Count | Should -BeLessOrEqual 2
        (Trace-LguestValue -Path $file -Value esp -At 50% -MostSteps 1).Place | Should -Be esp
    }
    It 'says what is wrong: <Id>' -ForEach @(
        @{ Id = 'ArgumentMissing'; Script = { $guest | Trace-LguestValue } }
        @{ Id = 'InvalidAddress'; Script = { $guest | Trace-LguestValue eaxx -ErrorAction Stop } }
    ) { $Script | Should -Throw -ErrorId "$Id,*" }
    It 'looks the same from a file, in 80 columns' {
        $steps = $guest | Trace-LguestValue tasks+0x28 -Length 1
        $steps | Export-Clixml $TestDrive/steps.xml
        Import-Clixml $TestDrive/steps.xml | Format-Table | Out-String -Width 80 | Should -Be ($steps | Format-Table | Out-String -Width 80)
    }
}

Describe 'Compare-LguestRun and Test-LguestRecording' {
    BeforeAll {
        foreach ($line in 'one', 'two') {
            $guest = New-LguestGuest $examples/echo/echo.yaml -Name $line -Clock Virtual -Record
            $guest | Send-LguestConsole "$line`nquit`n"
            $guest | Wait-LguestGuest | Out-Null
        }
    }
    AfterAll { Get-LguestGuest | Remove-LguestGuest }

    It 'find the first thing that two runs do not have in common' {
        $found = Compare-LguestRun one two
        $found.Kind | Should -Be Instruction
        $found.Values[0].Name | Should -Match '<input>'
        $found.LeftEvent.Text | Should -Match one
        $found.RightEvent.Text | Should -Match two
        $found | Format-List | Out-String -Width 80 | Should -Match 'Values'
    }
    It 'find nothing where all is the same' {
        Compare-LguestRun one one | Should -BeNullOrEmpty
        Compare-LguestRun $file $file | Should -BeNullOrEmpty
    }
    It 'compare guests and files' { (Compare-LguestRun one $file).Kind | Should -Be Start }
    It 'have an error for a run that is not there' {
        { Compare-LguestRun one three -ErrorAction Stop } | Should -Throw "*no guest named 'three'*" -ErrorId 'FileUnavailable,*'
    }
    It 'pass recordings that are the same when they are done again' {
        $checks = @(Test-LguestRecording -Path $file; Test-LguestRecording one)
        $checks.Passed | Should -Be $true, $true
        $checks[0].Events | Should -BeGreaterThan 10
        $checks | Format-Table | Out-String -Width 80 | Should -Match 'True'
    }
    It 'have one error for a recording that is cut off' {
        $cut = Join-Path $TestDrive cut.lguest
        [IO.File]::WriteAllBytes($cut, [IO.File]::ReadAllBytes($file)[0..2000])
        { Test-LguestRecording -Path $cut -ErrorAction Stop } | Should -Throw '*is cut off*' -ErrorId 'InvalidCheckpoint,*'
        { Get-LguestCall $cut print -ErrorAction Stop } | Should -Throw '*is cut off*' -ErrorId 'InvalidCheckpoint,*'
        { Get-LguestEvent $cut -ErrorAction Stop } | Should -Throw '*is cut off*' -ErrorId 'InvalidCheckpoint,*'
        { Compare-LguestRun $cut $file -ErrorAction Stop } | Should -Throw '*is cut off*' -ErrorId 'InvalidCheckpoint,*'
    }
}
