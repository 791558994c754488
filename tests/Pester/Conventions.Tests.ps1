BeforeAll { . $PSScriptRoot/Setup.ps1 }

Describe 'A length of time' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'is what <Written> looks like' -TestCases @(
        @{ Written = '30s'; Seconds = 30 }, @{ Written = '500ms'; Seconds = 0.5 }, @{ Written = 5; Seconds = 5 }, @{ Written = '5'; Seconds = 5 }
        @{ Written = 0.5; Seconds = 0.5 }, @{ Written = '00:00:30'; Seconds = 30 }, @{ Written = [TimeSpan]::FromSeconds(7); Seconds = 7 }
    ) { (New-LguestGuest $examples/hello/hello.yaml -TimeLimit $Written).Definition.Limits.Time.TotalSeconds | Should -Be $Seconds }

    It 'cannot be <_>' -ForEach '30 parsecs', 0, -1, ([double]::NaN) { { New-LguestGuest $examples/hello/hello.yaml -TimeLimit $_ } | Should -Throw }

    It 'has one name in every cmdlet' {
        $timed = Get-Command -Module LguestPS | Where-Object { $_.Parameters.Values.ParameterType -match 'TimeSpan' }
        $timed.Count | Should -Be 10
        $timed | ForEach-Object { $_.Parameters.Keys | Should -Contain TimeLimit }
    }
}

Describe 'Behind a pipe, the first argument is the verb''s own' {
    BeforeEach { $guest = New-LguestGuest $examples/ring/ring.yaml -Clock Virtual }
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'for Get-LguestRegister' {
        ($guest | Get-LguestRegister eax).Name | Should -Be eax
        ($guest | Get-LguestRegister eax, ebx).Name | Should -Be eax, ebx
        ('ring' | Get-LguestRegister eax).Name | Should -Be eax
        (Get-LguestRegister ring eax).Name | Should -Be eax
    }
    It 'for Set-LguestRegister' {
        $guest | Set-LguestRegister eax 0xc0000005
        $guest.Registers.Eax | Should -Be 3221225477
        Set-LguestRegister ring eax 6
        $guest.Registers.Eax | Should -Be 6
        { $guest | Set-LguestRegister eax -ErrorAction Stop } | Should -Throw '*-Value*' -ErrorId 'ArgumentMissing,*'
        $saved = $guest | Get-LguestRegister eax
        $guest | Set-LguestRegister eax 7
        $saved | Set-LguestRegister ring
        $guest.Registers.Eax | Should -Be 6
    }
    It 'for Get-LguestDescriptor' {
        ($guest | Get-LguestDescriptor Gdt)[0] | Should -BeOfType LguestPS.GuestDescriptor
        $guest | Get-LguestDescriptor Idt | Should -BeNullOrEmpty
        { $guest | Get-LguestDescriptor Ldt } | Should -Throw -ErrorId 'InvalidArgument,*'
    }
    It 'for Get-, Set- and Search-LguestMemory' {
        $guest | Set-LguestMemory 0xc0300000 0x12345678, 9
        ($guest | Get-LguestMemory 0xc0300000 -As UInt32 -Count 2).Value | Should -Be 0x12345678, 9
        ($guest | Search-LguestMemory '78 56 34 12' -From 0xc0300000 -To 0xc0300010).Address | Should -Be 3224371200
        { $guest | Search-LguestMemory -ErrorAction Stop } | Should -Throw -ErrorId 'ArgumentMissing,*'
    }
    It 'for Step-LguestGuest, Set-LguestBreakpoint and the hypercall cmdlets' {
        $guest | Step-LguestGuest { $_.PendingDma } | Out-Null
        $guest.PendingDma | Should -Not -BeNullOrEmpty
        ($guest | Step-LguestGuest 2 | Measure-Object).Count | Should -BeGreaterOrEqual 1
        ($guest | Set-LguestBreakpoint BIND_DMA).Kind | Should -Be Hypercall
        $guest | Invoke-LguestHypercall TS @{ set = 1 } -WhatIf
        { $guest | Invoke-LguestHypercall -ErrorAction Stop } | Should -Throw -ErrorId 'ArgumentMissing,*'
    }
    It 'and one too many is an error' { { $guest | Stop-LguestGuest foo } | Should -Throw -ErrorId 'ArgumentWithoutPlace,*' }
}

Describe 'An object from another process' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'never acts on a local guest of the same name' {
        $guest = New-LguestGuest $examples/hello/hello.yaml
        $copy = [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($guest))
        { $copy | Stop-LguestGuest -ErrorAction Stop } | Should -Throw '*another process*'
        { $copy | Remove-LguestGuest -ErrorAction Stop } | Should -Throw '*another process*'
        { Stop-LguestGuest $copy -ErrorAction Stop } | Should -Throw '*another process*'
        { $copy | Start-LguestGuest -ErrorAction Stop } | Should -Throw '*another process*'
        $guest.State | Should -Be Created
    }

    It 'is no breakpoint of this process, whatever its number' {
        $guest = New-LguestGuest $examples/ring/ring.yaml
        $breakpoint = $guest | Set-LguestBreakpoint -Hypercall SEND_DMA
        $copy = [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($breakpoint))
        { $copy | Remove-LguestBreakpoint -ErrorAction Stop } | Should -Throw
        { $copy | Disable-LguestBreakpoint -ErrorAction Stop } | Should -Throw
        (Get-LguestBreakpoint).Enabled | Should -BeTrue
    }
}

Describe 'Objects with properties' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'bind all of them' {
        $made = [pscustomobject]@{ Path = "$examples/hello/hello.yaml"; Memory = 16MB; Name = 'x'; TimeLimit = '9s' } | New-LguestGuest
        $made.Name, $made.Definition.Memory, $made.Definition.Limits.Time.TotalSeconds | Should -Be 'x', 16MB, 9
        ([pscustomobject]@{ Kernel = "$examples/hello/hello.elf"; Name = 'y'; Memory = '32MiB' } | New-LguestGuest).Definition.Memory | Should -Be 32MB
        (Get-Item $examples/hello/hello.yaml | New-LguestGuest).Name | Should -Be hello
    }
}

Describe 'Files' {
    AfterEach { Get-Job | Where-Object PSJobTypeName -EQ LguestGuest | Remove-Job -Force; Get-LguestGuest | Remove-LguestGuest }

    It 'are checked before the first instruction' {
        $guest = New-LguestGuest $examples/ring/ring.yaml -Clock Virtual
        { $guest | Start-LguestGuest -RecordPath $TestDrive/no/x.lguest -ErrorAction Stop } | Should -Throw "*x.lguest*no folder*" -ErrorId 'FileUnavailable,*'
        { $guest | Start-LguestGuest | Export-LguestTrace $TestDrive/no/x.trace } | Should -Throw '*no folder*' -ErrorId 'FileUnavailable,*'
        $guest.EventCount | Should -Be 0
    }
    It 'of checkpoints are restored by position, as files and by wildcards' {
        $guest = New-LguestGuest $examples/ring/ring.yaml -Clock Virtual
        $file = Join-Path $TestDrive one.lguest
        $guest | Checkpoint-LguestGuest $file | Out-Null
        (Restore-LguestGuest $file).Name | Should -Be ring2
        (Get-Item $file | Restore-LguestGuest).Name | Should -Be ring3
        (Get-ChildItem $TestDrive/*.lguest | Restore-LguestGuest -Name again).Name | Should -Be again
        (Restore-LguestGuest $TestDrive/*.lguest).Name | Should -Be ring4
        ($guest | Restore-LguestGuest -PassThru) | Should -Be $guest
    }
    It 'that are missing are said to be missing' {
        { Start-LguestGuest missing -Replay -ErrorAction Stop } | Should -Throw '*missing*' -ErrorId 'FileUnavailable,*'
        { New-LguestGuest -Replay missing -Name x -ErrorAction Stop } | Should -Throw '*missing*' -ErrorId 'FileUnavailable,*'
    }
    It 'have one rule for what is there already: <_>' -ForEach 'Checkpoint-LguestGuest', 'Export-LguestReport', 'Export-LguestTrace', 'Start-LguestGuest' {
        (Get-Command $_).Parameters.Keys | Should -Contain Force
        (Get-Command $_).Parameters.Keys | Should -Contain NoClobber
    }
}

Describe 'Errors point at the cause' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'where a definition names a file that is missing' {
        Set-Content $TestDrive/missing.yaml "name: x`nkernel: ./none.elf"
        { New-LguestGuest $TestDrive/missing.yaml -ErrorAction Stop } | Should -Throw "missing.yaml(2,9): kernel '*none.elf' does not exist" -ErrorId 'FileUnavailable,*'
        Set-Content $TestDrive/disk.yaml "kernel: $examples/hello/hello.elf`ndevices:`n- block: { path: none.img }"
        { New-LguestGuest $TestDrive/disk.yaml -ErrorAction Stop } | Should -Throw "disk.yaml(3,18):*none.img*"
    }
    It 'where a bracket opens that is never closed' {
        Set-Content $TestDrive/open.yaml "name: x`nkernel: k`ndevices: [1,2"
        { New-LguestGuest $TestDrive/open.yaml -ErrorAction Stop } | Should -Throw "open.yaml(3,10): this '``[' is never closed*"
    }
    It 'where a checkpoint is taken for a definition or a recording' {
        $file = Join-Path $TestDrive kept.lguest
        New-LguestGuest $examples/hello/hello.yaml | Checkpoint-LguestGuest $file | Out-Null
        { New-LguestGuest $file -ErrorAction Stop } | Should -Throw '*is a checkpoint or a recording, not a definition*'
        { Start-LguestGuest $file -Replay -ErrorAction Stop } | Should -Throw '*is a checkpoint, not a recording*'
    }
}

Describe 'A job' {
    AfterEach { Get-Job | Where-Object PSJobTypeName -EQ LguestGuest | Remove-Job -Force; Get-LguestGuest | Remove-LguestGuest }

    It 'that dropped events says so when it is received' {
        $job = Start-LguestGuest $examples/ring/ring.yaml -AsJob -Newest 5
        $job | Wait-Job -Timeout 300 | Receive-Job -WarningVariable warned -WarningAction SilentlyContinue | Out-Null
        $warned | Should -BeLike '*18 events were dropped*'
        $job | Receive-Job -WarningVariable again
        $again | Should -BeNullOrEmpty
    }
    It 'whose guest crashed is Failed and says why' {
        $guest = New-LguestScriptedGuest @{ Crash = 'out of luck' }
        $job = $guest | Start-LguestGuest -AsJob
        ($job | Wait-Job -Timeout 300).State | Should -Be Failed
        $job | Receive-Job -ErrorVariable failed -ErrorAction SilentlyContinue | Out-Null
        $failed[0].FullyQualifiedErrorId | Should -Match '^GuestCrashed'
        "$failed" | Should -Match 'out of luck'
    }
}

Describe 'What an action writes' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'reaches whoever drives the guest, <_>' -ForEach 'Send-LguestConsole', 'Start-LguestGuest', 'Step-LguestGuest', 'Wait-LguestGuest' {
        $guest = New-LguestGuest $examples/ring/ring.yaml -Clock Virtual
        $guest | Set-LguestBreakpoint BIND_DMA -Condition { $false } -Action { } | Remove-LguestBreakpoint
        $guest | Set-LguestBreakpoint BIND_DMA -Action { "written for $($_.Guest.Name)" } | Out-Null
        $out = switch ($_) {
            Send-LguestConsole { $guest | Send-LguestConsole -Expect 'second text' -TimeLimit 300s }
            Start-LguestGuest { $guest | Start-LguestGuest -Kind Ended }
            Step-LguestGuest { $guest | Step-LguestGuest -Hypercall CRASH }
            Wait-LguestGuest { $guest | Wait-LguestGuest }
        }
        $out | Should -Contain 'written for ring'
    }
}

Describe 'Long waits' {
    AfterEach { Get-Job | Where-Object PSJobTypeName -EQ LguestGuest | Remove-Job -Force; Get-LguestGuest | Remove-LguestGuest }

    It 'show progress: <Script>' -ForEach @(
        @{ Script = '$guest | Send-LguestConsole -Expect never -TimeLimit 300s' }
        @{ Script = '$guest | Wait-LguestGuest -TimeLimit 300s' }
        @{ Script = '$guest | Start-LguestGuest -AsJob | Out-Null; $guest | Wait-LguestGuest -TimeLimit 300s' }
        @{ Script = '$guest | Start-LguestGuest -AsJob | Out-Null; $guest | Receive-LguestConsole -TimeLimit 300s' }
        @{ Script = '$guest | Step-LguestGuest -Until { $false } -TimeLimit 300s | Out-Null' }
    ) {
        $guest = New-LguestGuest -Kernel $PSScriptRoot/guests/busy.elf -Device console -Clock Host
        $shell = [powershell]::Create().AddScript('param($module, $guest) Import-Module $module; ' + $Script).AddArgument($modulePath).AddArgument($guest)
        $shell.BeginInvoke() | Out-Null
        Wait-Until { "$($shell.Streams.Progress.StatusDescription)" -match 'guest time' }
        $shell.Stop()
        $shell.Dispose()
    }
}

Describe 'Strict mode' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'lets a condition ask for what a guest has not got just now' {
        Set-StrictMode -Version Latest
        $guest = New-LguestGuest $examples/ring/ring.yaml -Clock Virtual
        $guest | Step-LguestGuest -Until { $_.NextCall.Name -eq 'CRASH' } | Out-Null
        $guest.NextCall.Name | Should -Be CRASH
    }
}

Describe 'Misspelt names' {
    BeforeEach { $guest = New-LguestGuest $examples/hello/hello.yaml }
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'are errors' {
        { $guest | Start-LguestGuest -Device consol -ErrorAction Stop } | Should -Throw "*consol*console*"
        { $guest | Set-LguestBreakpoint -Device foo -ErrorAction Stop } | Should -Throw '*foo*console*'
        { $guest | Start-LguestGuest -Kind Hypecall } | Should -Throw "*no kind of event 'Hypecall'; did you mean 'Hypercall'?"
        { $guest | Start-LguestGuest -Kind Dma, 'Trap,Interupt' } | Should -Throw "*'Interupt'; did you mean 'Interrupt'?"
        { $guest | Start-LguestGuest -Hypercall SND_* -ErrorAction Stop } | Should -Throw "*'SND_``*'; did you mean 'SEND_``*'?"
        { $guest | Step-LguestGuest -Trap '#PG' -ErrorAction Stop } | Should -Throw "*not a trap; did you mean '#*"
        { $guest | Set-LguestBreakpoint SEND_DMA -Argument @{ kee = 0 } -ErrorAction Stop } | Should -Throw "*'kee'; did you mean 'key'?"
        { $guest | Get-LguestRegister eex -ErrorAction Stop } | Should -Throw "*eex*"
        [LguestPS.Cmdlets.EventAssertions]::HaveHypercall(@(), 'SEND_DAM', $null, $null, $true, $null).FailureMessage | Should -Match 'SEND_DMA'
    }
}

Describe '-Name' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'names what Start-LguestGuest makes, or the guest to start' {
        (Start-LguestGuest $examples/hello/hello.yaml -Name x -PassThru -Kind Ended | Select-Object -Last 1).Name | Should -Be x
        $guest = New-LguestGuest $examples/hello/hello.yaml
        (Start-LguestGuest -Name hello -Kind Ended).Guest | Should -Be hello
        { Start-LguestGuest $guest -Name y -ErrorAction Stop } | Should -Throw '*has its name already*'
    }
}
