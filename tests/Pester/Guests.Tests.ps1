BeforeAll { . $PSScriptRoot/Setup.ps1 }

Describe 'Get-LguestGuest' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    BeforeEach {
        $hello = New-LguestGuest $examples/hello/hello.yaml
        $ring = New-LguestGuest $examples/ring/ring.yaml
        $ring | Step-LguestGuest
    }

    It 'lists guests in the order they were made' { (Get-LguestGuest).Name | Should -Be hello, ring }
    It 'takes wildcards, whatever the case' { (Get-LguestGuest R*).Name | Should -Be ring }
    It 'writes nothing for wildcards that match nothing' { Get-LguestGuest x* | Should -BeNullOrEmpty }
    It 'filters by state' {
        (Get-LguestGuest -State Paused).Name | Should -Be ring
        (Get-LguestGuest -State Paused, Created).Name | Should -Be hello, ring
    }
    It 'finds the guest of an event' {
        ($ring | Start-LguestGuest | Select-Object -First 1 | Get-LguestGuest).Name | Should -Be ring
    }
    It 'has an error for a name that is not there' {
        $thrown = { Get-LguestGuest nobody -ErrorAction Stop } | Should -Throw -PassThru
        $thrown.FullyQualifiedErrorId | Should -Be 'GuestNotFound,LguestPS.Cmdlets.GetLguestGuestCommand'
        $thrown.CategoryInfo.Category | Should -Be ObjectNotFound
        $thrown.TargetObject | Should -Be nobody
        $thrown.ErrorDetails.RecommendedAction | Should -Match 'Get-LguestGuest'
    }
    It 'sees the guests of other runspaces' {
        1 | ForEach-Object -Parallel { Import-Module $using:modulePath; New-LguestGuest "$using:examples/timer/timer.yaml" | Out-Null }
        (Get-LguestGuest).Name | Should -Contain timer
    }
}

Describe 'Stop-LguestGuest' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'ends a guest and keeps it listed' {
        $guest = New-LguestGuest $examples/hello/hello.yaml
        ($guest | Stop-LguestGuest -PassThru).Ending.Kind | Should -Be Stopped
        Get-LguestGuest hello | Should -Be $guest
    }
    It 'takes wildcards' {
        1..3 | ForEach-Object { New-LguestGuest $examples/hello/hello.yaml } | Out-Null
        Stop-LguestGuest hello*
        (Get-LguestGuest -State Ended).Count | Should -Be 3
    }
    It 'only says what it would do with -WhatIf' {
        $guest = New-LguestGuest $examples/hello/hello.yaml
        $guest | Stop-LguestGuest -WhatIf
        $guest.State | Should -Be Created
    }
    It 'changes nothing about a guest that has ended' {
        $guest = New-LguestGuest $examples/hello/hello.yaml
        $guest | Wait-LguestGuest | Out-Null
        $guest | Stop-LguestGuest
        $guest.Ending.Kind | Should -Be PowerDown
    }
}

Describe 'Remove-LguestGuest' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'takes a guest off the list and leaves its last values' {
        $guest = New-LguestGuest $examples/ring/ring.yaml
        $guest | Step-LguestGuest -Count 3 | Out-Null
        $instructions = $guest.InstructionCount
        $guest | Remove-LguestGuest
        Get-LguestGuest | Should -BeNullOrEmpty
        $guest.State | Should -Be Ended
        $guest.InstructionCount | Should -Be $instructions
        { $guest | Step-LguestGuest -ErrorAction Stop } | Should -Throw -ErrorId 'GuestEnded,*'
    }
    It 'only says what it would do with -WhatIf' {
        New-LguestGuest $examples/hello/hello.yaml | Remove-LguestGuest -WhatIf
        (Get-LguestGuest).Name | Should -Be hello
    }
    It 'has an error for a name that is not there' {
        { Remove-LguestGuest nobody -ErrorAction Stop } | Should -Throw -ErrorId 'GuestNotFound,LguestPS.Cmdlets.RemoveLguestGuestCommand'
    }
}

Describe 'Wait-LguestGuest' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'runs a guest that is not being driven, and drops its events' {
        $guest = New-LguestGuest $examples/timer/timer.yaml
        $guest | Wait-LguestGuest | Should -Be $guest
        $guest.Ending.Kind | Should -Be PowerDown
    }
    It 'writes nothing when the time is over first' {
        $guest = New-LguestGuest $PSScriptRoot/guests/busy.yaml
        $guest | Wait-LguestGuest -TimeLimit 0.2 | Should -BeNullOrEmpty
        $guest.State | Should -Be Paused
    }
    It 'comes back from a guest that waits for input' {
        $guest = New-LguestGuest $examples/echo/echo.yaml
        ($guest | Wait-LguestGuest -WarningAction SilentlyContinue).Standstill | Should -Be WaitingForInput
    }
    It 'writes a guest that has ended at once' {
        $guest = New-LguestGuest $examples/hello/hello.yaml
        $guest | Stop-LguestGuest
        $guest | Wait-LguestGuest | Should -Be $guest
    }
}

Describe 'Send-LguestConsole' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    BeforeEach { $guest = New-LguestGuest $examples/echo/echo.yaml }

    It 'types <How>' -TestCases @(
        @{ How = 'to a name'; Script = { Send-LguestConsole echo 'one', 'quit' } }
        @{ How = 'to a guest'; Script = { Send-LguestConsole $guest 'one', 'quit' } }
        @{ How = 'to a guest from the pipeline'; Script = { $guest | Send-LguestConsole -Text 'one', 'quit' } }
        @{ How = 'one word to a guest from the pipeline'; Script = { $guest | Send-LguestConsole 'one'; $guest | Send-LguestConsole 'quit' } }
        @{ How = 'lines from the pipeline'; Script = { 'one', 'quit' | Send-LguestConsole echo } }
        @{ How = 'parts of a line'; Script = { Send-LguestConsole echo 'on' -NoNewline; Send-LguestConsole echo 'e'; Send-LguestConsole echo 'quit' } }
    ) {
        . $Script
        ($guest | Wait-LguestGuest).Ending.Kind | Should -Be PowerDown
        $guest.ConsoleText | Should -Match '(?m)^ONE$'
    }

    It 'has an error for a guest without a console' {
        New-LguestGuest -Kernel $examples/hello/hello.elf -Name deaf -Device @() | Out-Null
        { Send-LguestConsole deaf hi -ErrorAction Stop } | Should -Throw '*no console*' -ErrorId 'NotSupported,LguestPS.Cmdlets.SendLguestConsoleCommand'
    }
}

Describe 'Test-LguestHost' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'says what can run here' {
        $report = Test-LguestHost
        $report | Should -BeOfType LguestPS.HostReport
        $report.AutoCpu | Should -BeIn emulated, kvm
        $report.KvmReason | Should -Not -BeNullOrEmpty
        $report.Platform | Should -Match '^(Linux|Windows|macOS|This system).*: (all tests|tried|built)'
        $report.IsTried | Should -Be ($report.Platform -match 'all tests are run|tried in an emulator')
        $report.Kernels.Profile | Should -Be ([LguestPS.AbiProfile]::All.Name)
        $report.Kernels[0].Emulated | Should -Be 2.6.23
    }
}

Describe 'Export-LguestDefinition and Copy-LguestGuest' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'writes a file that makes the same guest again' {
        $file = "$TestDrive/quick.yaml"
        $guest = New-LguestGuest $examples/timer/timer.yaml -Memory 8MB -Clock Virtual -Name quick -TimeLimit 30 -CommandLine 'a: b # c'
        $guest | Export-LguestDefinition $file | Should -BeNullOrEmpty
        $again = New-LguestGuest $file
        $again.Definition.CommandLine | Should -Be 'a: b # c'
        $again | Export-LguestDefinition | Should -Be (($guest | Export-LguestDefinition) -replace 'name: quick', 'name: quick2')
        { $guest | Export-LguestDefinition $file -NoClobber -ErrorAction Stop } | Should -Throw '*it is already there, and -NoClobber was given' -ErrorId 'FileUnavailable,*'
    }

    It 'writes paths relative to the folder of the file' {
        Copy-Item $examples/hello/hello.elf $TestDrive
        New-LguestGuest -Kernel $TestDrive/hello.elf -Memory 4MB | Export-LguestDefinition $TestDrive/hello.yaml
        Get-Content $TestDrive/hello.yaml -Raw | Should -Be "name: hello`nkernel: hello.elf`nmemory: 4MiB`nabi: dma-2007-10`ndevices:`n- console`n"
    }

    It 'writes several guests into one file' {
        New-LguestGuest $examples/lan/lan.yaml | Export-LguestDefinition $TestDrive/lan.yaml
        (New-LguestGuest $TestDrive/lan.yaml -Select ask).Definition.CommandLine | Should -Be ask
    }

    It 'writes nothing with -WhatIf' {
        New-LguestGuest $examples/hello/hello.yaml | Export-LguestDefinition $TestDrive/none.yaml -WhatIf
        "$TestDrive/none.yaml" | Should -Not -Exist
    }

    It 'copies a guest as it was at first, under a name of its own' {
        $guest = New-LguestGuest $examples/ring/ring.yaml -Clock Virtual
        $guest | Wait-LguestGuest | Out-Null
        $copy = $guest | Copy-LguestGuest
        $copy.Name, $copy.State, $copy.Definition.Clock | Should -Be ring2, Created, Virtual
        ($guest | Copy-LguestGuest other).Name | Should -Be other
        (Copy-LguestGuest ring -Name ring).Name | Should -Be ring3
    }

    It 'says that a script is no definition' {
        $guest = New-LguestScriptedGuest @{ PowerOff = $true }
        { $guest | Copy-LguestGuest -ErrorAction Stop } | Should -Throw '*plays a script*' -ErrorId 'InvalidValue,*'
        { $guest | Export-LguestDefinition -ErrorAction Stop } | Should -Throw '*plays a script*' -ErrorId 'InvalidValue,*'
    }

    It 'says that a disk has its guest already' {
        $disk = "$TestDrive/disk.img"
        [IO.File]::WriteAllBytes($disk, [byte[]]::new(512))
        $guest = New-LguestGuest $examples/disk/disk.yaml -Device console, @{ block = @{ path = $disk; mode = 'ReadWrite' } }
        { $guest | Copy-LguestGuest -ErrorAction Stop } | Should -Throw '*disk.img*' -ErrorId 'FileUnavailable,*'
        $guest | Remove-LguestGuest
    }
}
