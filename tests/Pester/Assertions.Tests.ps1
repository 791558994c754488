BeforeAll {
    . "$PSScriptRoot/Setup.ps1"
    Register-LguestAssertion

    # What a failing assertion says.
    function Get-Failure([scriptblock] $assertion) {
        try { & $assertion } catch { return "$_" }
        throw 'the assertion should have failed'
    }
    $ring = Start-LguestGuest "$examples/ring/ring.yaml"
}

Describe 'Should -HaveHypercall' {
    It 'finds a hypercall by name, wildcard and count' {
        $ring | Should -HaveHypercall LGUEST_INIT -Times 1
        $ring | Should -HaveHypercall flush_*
        $ring | Should -Not -HaveHypercall HALT
        $ring | Should -HaveHypercall HALT -Times 0
    }

    It 'looks at arguments by name, high addresses too' {
        $ring | Should -HaveHypercall SET_CLOCKEVENT -Argument @{ delta = 0 }
        $ring | Should -Not -HaveHypercall SEND_DMA -Argument @{ key = 4 }
        $stack = New-LguestScriptedGuest @{ PowerOff = $true } | Start-LguestGuest
        $stack | Should -HaveHypercall SET_STACK -Argument @{ esp = 0xC0020000 }
    }

    It 'says what was made instead' {
        Get-Failure { $ring | Should -HaveHypercall HALT -Because 'guests sleep' } |
            Should -BeLike 'Expected hypercall HALT at least once, because guests sleep, but it was never made. Made were: LGUEST_INIT × 1, *'
        Get-Failure { $ring | Should -HaveHypercall LGUEST_INIT -Times 3 } | Should -BeLike '*exactly 3 times, but it was made once.*'
        Get-Failure { $ring | Should -Not -HaveHypercall LGUEST_INIT } | Should -BeLike 'Expected no hypercall LGUEST_INIT, but it was made once.*'
        Get-Failure { $ring | Should -Not -HaveHypercall LGUEST_INIT -Times 1 } | Should -BeLike '*LGUEST_INIT not exactly once, but it was made once.*'
        Get-Failure { @() | Should -HaveHypercall HALT } | Should -BeLike '*no hypercalls among the events.'
    }

    It 'names the hypercall that was probably meant, with -Not too: <Written>' -ForEach @(
        @{ Written = 'SEND_DAM'; Meant = 'SEND_DMA' }, @{ Written = 'FLSH_*'; Meant = 'FLUSH_`*' }, @{ Written = '*_ASYN'; Meant = '`*_ASYNC' }
    ) {
        Get-Failure { $ring | Should -HaveHypercall $Written } | Should -BeLike "no ABI profile has a hypercall '*'; did you mean '$Meant'?"
        Get-Failure { $ring | Should -Not -HaveHypercall $Written } | Should -BeLike "no ABI profile has a hypercall '*'; did you mean '$Meant'?"
    }

    It 'names an argument that a hypercall does not have, made or not' {
        Get-Failure { $ring | Should -Not -HaveHypercall SET_PTE -Argument @{ entri = 0 } } | Should -BeLike "SET_PTE has no argument 'entri'; did you mean 'entry'?"
        Get-Failure { $ring | Should -HaveHypercall SEND_DMA -Argument @{ key = 'abc' } } | Should -BeLike "argument key: 'abc' is not a number*"
        Get-Failure { $ring | Should -HaveHypercall SEND_DMA -Argument @{ kee = 0 } } | Should -BeLike "*no argument 'kee'; did you mean 'key'?"
    }

    It 'takes events that went through a job' {
        $job = Start-LguestGuest "$examples/hello/hello.yaml" -AsJob
        $job | Wait-Job | Receive-Job | Should -HaveHypercall CRASH -Times 1
        $job | Remove-Job
        $copies = [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($ring, 4))
        $copies | Should -HaveHypercall SEND_DMA -Argument @{ key = 0 }
        Compare-LguestTrace $ring $copies | Should -BeNullOrEmpty
    }
}

Describe 'Should -HaveEvents' {
    It 'finds events in order' {
        $ring | Should -HaveEvents 'ring SEND_DMA', 'console <- "ring: first text\n"', FLUSH_ASYNC, 'ended: Power down'
        $ring | Should -HaveEvents 'ring`[1`] SEND_DMA(*)', 'console <- *first*' -Consecutive
        $ring | Should -Not -HaveEvents FLUSH_ASYNC, LGUEST_INIT
        $ring | Should -Not -HaveEvents LGUEST_INIT, FLUSH_ASYNC -Consecutive
    }

    It 'says how far it came and what is there instead' {
        $failure = Get-Failure { $ring | Should -HaveEvents LGUEST_INIT, FLUSH_ASYNC, HALT, CRASH }
        $failure | Should -BeLike "*found   FLUSH_ASYNC`n  missing HALT`n*CRASH`nAfter event 10 there are:`n*"
    }
}

Describe 'A pattern that no event can match' {
    It 'is an error that names what was probably meant: <Written>' -ForEach @(
        @{ Written = 'FLSH_ASYNC'; Meant = 'FLUSH_ASYNC' }, @{ Written = 'ring SEND_DAM'; Meant = 'ring SEND_DMA' }
        @{ Written = 'ring`[2`] BIND_DNA(*)'; Meant = 'ring`[2`] BIND_DMA(*)' }, @{ Written = 'FLSH_*'; Meant = 'FLUSH_*' }
        @{ Written = 'consol <- *'; Meant = 'console <- *' }, @{ Written = 'blok0 -> *'; Meant = 'block0 -> *' }
        @{ Written = '#PFF error*'; Meant = '#PF error*' }, @{ Written = 'irc 0'; Meant = 'irq 0' }, @{ Written = 'endet: *'; Meant = 'ended: *' }
    ) {
        $problem = [WildcardPattern]::Escape("no event has a line like '$Written'; did you mean '$Meant'?")
        Get-Failure { $ring | Should -HaveEvents LGUEST_INIT, $Written } | Should -BeLike $problem
        Get-Failure { $ring | Should -Not -HaveEvents $Written } | Should -BeLike $problem
    }

    It 'is an error even if nothing like it is known' {
        Get-Failure { $ring | Should -Not -HaveEvents zzz } | Should -BeLike "no event has a line like 'zzz'; about_Lguest_Testing shows*"
    }

    It 'is not one that matches what did not happen: <_>' -ForEach @(
        'HALT', 'ring SET_PTE', 'FLUSH_ASYNC(0x1)', 'UNKNOWN_99', '#PF', '#P?', '#P[FQ]*', 'int 0x80', '#PF error 0x2 at 0x1000 *', '#PF block0 device_status'
        '* DeviceAccessed write device_status of block0 = 0x0f', 'block12 -> *', 'key 0x1000 <- *', 'net0 queue 1 Used *', 'irq 31', 'reboot 2 by someone', 'Intervention: *', 'ended: stopped', '*anything*'
    ) { $ring | Should -Not -HaveEvents $_ }
}

Describe 'Should -MatchTrace' {
    It 'passes for the same guest again, and finds the first difference to another' {
        $ring | Export-LguestTrace TestDrive:/ring.trace
        Start-LguestGuest "$examples/ring/ring.yaml" | Should -MatchTrace TestDrive:/ring.trace
        Start-LguestGuest "$examples/hello/hello.yaml" | Should -Not -MatchTrace TestDrive:/ring.trace
        Get-Failure { $ring | Select-Object -SkipLast 1 | Should -MatchTrace TestDrive:/ring.trace } |
            Should -BeLike "*The first of 1 is at event 23:`n  <= ended: Power down"
    }

    It 'refuses a file that is no trace' {
        Set-Content TestDrive:/other.txt 'something else'
        Get-Failure { $ring | Should -MatchTrace TestDrive:/other.txt } | Should -BeLike '*is not a trace*Export-LguestTrace makes one'
        Get-Failure { $ring | Should -MatchTrace TestDrive:/none.txt } | Should -BeLike '*none.txt*'
    }
}

# A process can have only one version of Pester; others may be installed, and a newer one than that which runs this.
Describe 'A check of a matrix that is made of assertions' {
    It 'is judged by the Pester that is loaded' {
        $checks = (Invoke-LguestMatrix -Definition "$examples/ring/ring.yaml" -OutputPath TestDrive:/matrix -Check ([ordered] @{ holds = { $_.EventCount | Should -Be 23 }; fails = { $_.EventCount | Should -Be 22 } })).Checks
        $checks.Outcome | Should -Be Passed, Failed
        $checks[1].Message | Should -BeLike 'Expected 22, but got 23.*'
    }

    It "knows Pester 6's commands" -Skip:((Get-Module Pester).Version.Major -lt 6) {
        $checks = (Invoke-LguestMatrix -Definition "$examples/ring/ring.yaml" -OutputPath TestDrive:/matrix -Check ([ordered] @{ holds = { $_.EventCount | Should-Be 23 }; fails = { $_.EventCount | Should-Be 22 } })).Checks
        $checks.Outcome | Should -Be Passed, Failed
        $checks[1].Message | Should -BeLike '*22*23*'
    }
}

# Pester's commands, which older ones do not have.
Describe 'Assertions of Pester 6' -Skip:((Get-Module Pester).Version.Major -lt 6) {
    It 'hold silently' {
        $said = @(
            $ring | Should-HaveHypercall SEND_DMA -Times 5
            $ring | Should-HaveHypercall SEND_DMA -Argument @{ key = 0 }
            $ring | Should-NotHaveHypercall HALT
            $ring | Should-HaveEvent 'ring SEND_DMA', 'console <- *first*', FLUSH_ASYNC
            $ring | Should-NotHaveEvent FLUSH_ASYNC, LGUEST_INIT
            $ring | Export-LguestTrace TestDrive:/six.trace
            $ring | Should-MatchTrace TestDrive:/six.trace
            $ring | Select-Object -SkipLast 1 | Should-NotMatchTrace TestDrive:/six.trace
            Should-HaveHypercall FLUSH_ASYNC -Actual $ring
        )
        $said.Count | Should-Be 0
    }

    It "fail with Pester's own error and both sides of it" {
        $failure = { $ring | Should-HaveHypercall HALT -Because 'guests sleep' } | Should-Throw -FullyQualifiedErrorId PesterAssertionFailed
        "$failure" | Should-BeLikeString 'Expected hypercall HALT at least once, because guests sleep, but it was never made. Made were: LGUEST_INIT × 1, *'
        $result = $failure.TargetObject.ShouldResult.ExpectResult
        $result.Expected | Should-BeString "'hypercall HALT at least once'"
        $result.Because | Should-BeString 'guests sleep'
        { $ring | Should-NotHaveHypercall CRASH } | Should-Throw 'Expected no hypercall CRASH, but it was made once.*' PesterAssertionFailed
        { $ring | Should-HaveEvent HALT } | Should-Throw '*missing HALT*' PesterAssertionFailed
        { $ring | Should-NotHaveEvent CRASH } | Should-Throw '*not to have*found   CRASH' PesterAssertionFailed
        $ring | Export-LguestTrace TestDrive:/six.trace
        { $ring | Should-NotMatchTrace TestDrive:/six.trace } | Should-Throw '*but they are the same.' PesterAssertionFailed
        { $ring | Select-Object -SkipLast 1 | Should-MatchTrace TestDrive:/six.trace } | Should-Throw '*<= ended: Power down' PesterAssertionFailed
    }

    It 'name what was probably meant' {
        { $ring | Should-NotHaveHypercall SEND_DAM } | Should-Throw "*did you mean 'SEND_DMA'?" PesterAssertionFailed
        { $ring | Should-NotHaveEvent 'consol <- *' } | Should-Throw "*did you mean 'console <- `*'?" PesterAssertionFailed
        { $ring | Should-NotMatchTrace TestDrive:/none.trace } | Should-Throw '*none.trace*' PesterAssertionFailed
    }

    It 'let the test go on where they are asked to' {
        # In a PowerShell of its own, because the failures are to be counted and not to be this test's.
        $inner = @'
param($pester, $module)
Import-Module $pester, $module
$container = New-PesterContainer -ScriptBlock {
    BeforeAll { Register-LguestAssertion }
    Describe 'An assertion' {
        It 'is soft' {
            $events = New-LguestScriptedGuest @{ PowerOff = $true } | Start-LguestGuest
            $events | Should-HaveHypercall HALT -ErrorAction Continue
            $events | Should-HaveEvent 'irq 0' -ErrorAction Continue
            $events | Should-NotHaveHypercall CRASH -ErrorAction Stop
            throw 'not reached'
        }
    }
}
$result = Invoke-Pester -Container $container -PassThru -Output None
$result.Tests[0].ErrorRecord | ForEach-Object { "$($_.FullyQualifiedErrorId) $_".Split("`n")[0] }
'@
        $shell = [powershell]::Create().AddScript($inner).AddArgument((Get-Module Pester).Path).AddArgument($modulePath)
        $errors = @($shell.Invoke())
        $shell.Dispose()
        $errors.Count | Should-Be 3
        $errors[0] | Should-BeLikeString 'PesterAssertionFailed Expected hypercall HALT*'
        $errors[1] | Should-BeLikeString 'PesterAssertionFailed Expected the events*'
        $errors[2] | Should-BeLikeString 'PesterAssertionFailed Expected no hypercall CRASH*'
    }

    It 'have help' {
        foreach ($command in Get-Command -Module LguestPS.Assertions) {
            $help = Get-Help $command.Name
            $help.Synopsis | Should-BeLikeString 'Asserts that *'
            foreach ($name in $command.Parameters.Keys.Where{ $_ -notin [Management.Automation.PSCmdlet]::CommonParameters }) {
                ($help.parameters.parameter | Where-Object name -EQ $name).description.Text | Should-NotBeWhiteSpaceString
            }
        }
    }
}

Describe 'Export- and Compare-LguestTrace' {
    It 'writes text that stays the same from run to run' {
        $ring | Export-LguestTrace TestDrive:/one.trace
        Start-LguestGuest "$examples/ring/ring.yaml" -PassThru:$false | Export-LguestTrace TestDrive:/two.trace
        Get-Content TestDrive:/two.trace -Raw | Should -BeExactly (Get-Content TestDrive:/one.trace -Raw)
        (Get-Content TestDrive:/one.trace)[0] | Should -BeExactly '# lguest trace, version 1, detail: Arguments'
        (Get-Content TestDrive:/one.trace)[4] | Should -BeExactly 'console <- "ring: first text\n"'
    }

    It 'shows the smallest difference, with its places' {
        $changed = @($ring | Select-Object -First 5) + @($ring | Select-Object -Skip 6)
        $differences = @(Compare-LguestTrace $ring $changed)
        $differences.Count | Should -Be 1
        $differences[0].Side | Should -Be '<='
        $differences[0].ReferenceIndex | Should -Be 6
        "$($differences[0])" | Should -BeLike '<= ring*'
        @(Compare-LguestTrace $changed $ring)[0].Side | Should -Be '=>'
    }

    It 'compares by names across detail, and refuses a file of another detail' {
        $ring | Export-LguestTrace TestDrive:/names.trace -Detail Names
        $ring | Compare-LguestTrace TestDrive:/names.trace | Should -BeNullOrEmpty
        { Compare-LguestTrace TestDrive:/names.trace $ring -Detail Arguments } | Should -Throw -ErrorId 'InvalidDefinition*'
    }

    It 'replaces a file only if it may, and never half' {
        Set-Content TestDrive:/keep.trace 'precious'
        { $ring | Export-LguestTrace TestDrive:/keep.trace -NoClobber -ErrorAction Stop } | Should -Throw '*already there*'
        $ring | Export-LguestTrace TestDrive:/keep.trace -WhatIf
        Get-Content TestDrive:/keep.trace | Should -Be 'precious'
        $ring | Export-LguestTrace TestDrive:/keep.trace -PassThru | Should -HaveCount $ring.Count
        Get-ChildItem TestDrive:/keep.trace* | Should -HaveCount 1
    }

    It 'refuses what is not an event' {
        { 'text' | Export-LguestTrace TestDrive:/x.trace -ErrorAction Stop } | Should -Throw '*not an event*'
    }
}

Describe 'New-LguestScriptedGuest' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'plays the ring before the direct call' {
        $events = New-LguestScriptedGuest @{ Print = "tick`n"; Ring = $true }, @{ Hypercall = 'FLUSH_ASYNC' }, @{ PowerOff = $true } | Start-LguestGuest
        $events | Should -HaveEvents LGUEST_INIT, SET_STACK, 'ring`[0`] SEND_DMA(*)', 'console <- "tick\n"', FLUSH_ASYNC, CRASH, 'ended: Power down' -Consecutive
    }

    It 'can be stepped like any other guest' {
        $guest = New-LguestScriptedGuest @{ Print = 'x' }, @{ PowerOff = $true } -Name stepped
        $guest | Step-LguestGuest -Until { $guest.PendingDma } | Out-Null
        $guest.PendingDma.Device | Should -Be console
        $guest.CpuName | Should -Be scripted
        (Get-LguestGuest stepped).State | Should -Be Paused
    }

    It 'reflects a trap through a gate, and dies without one' {
        New-LguestScriptedGuest @{ Gate = 14 }, @{ Trap = 14; ErrorCode = 2; Address = 0x1000 }, @{ PowerOff = $true } | Start-LguestGuest |
            Should -HaveEvents LOAD_IDT_ENTRY, '#PF error 0x2 at 0x1000 *', 'ended: Power down'
        New-LguestScriptedGuest @{ Trap = 13 } | Start-LguestGuest | Should -HaveEvents 'ended: unhandled trap 13 *'
    }

    It 'is interrupted where it runs code' {
        New-LguestScriptedGuest @{ Gate = 0x20 }, @{ Interrupts = $true }, @{ Hypercall = 'SET_CLOCKEVENT'; Argument = 1000 }, @{ Code = 1 }, @{ PowerOff = 1 } |
            Start-LguestGuest | Should -HaveEvents SET_CLOCKEVENT, 'irq 0', CRASH
    }

    It 'stores what hypercalls then find' {
        $events = New-LguestScriptedGuest @{ Write = 0x30000; UInt32 = @(0, 5) }, @{ Write = 0x30024; UInt32 = 0x30100 }, @{ Write = 0x30100; Text = 'by me' },
            @{ Hypercall = 13; Argument = 0, 0x30000 }, @{ Crash = 'over' } | Start-LguestGuest
        $events | Should -HaveEvents 'console <- "by me"', 'ended: CRASH: over'
    }

    It 'says what is wrong with a step' -ForEach @(
        @{ Step = @{ Hypercal = 'TS' }; Message = '*names no step: give one of Hypercall*' }
        @{ Step = @{ Hypercall = 'SEND_DAM' }; Message = "*no hypercall 'SEND_DAM'; did you mean 'SEND_DMA'?" }
        @{ Step = @{ Hypercall = 'TS'; Arguments = 1 }; Message = "*has 'Arguments'; did you mean 'Argument'?" }
        @{ Step = @{ Hypercall = 'TS'; Argument = 1, 2, 3, 4 }; Message = '*3 argument registers' }
        @{ Step = @{ Trap = 300 }; Message = '*300*' }
        @{ Step = @{ Trap = 0x1f }; Message = '*say which hypercall' }
        @{ Step = @{ Write = 0x7fffffff; Text = 'x' }; Message = '*not inside*' }
        @{ Step = @{ Write = 0x30000 }; Message = '*give Bytes, Text or UInt32' }
        @{ Step = @{ Print = '' }; Message = '*1 to 4096 bytes*' }
    ) {
        { New-LguestScriptedGuest $Step } | Should -Throw $Message -ErrorId 'InvalidDefinition*'
        Get-LguestGuest | Should -BeNullOrEmpty
    }
}
