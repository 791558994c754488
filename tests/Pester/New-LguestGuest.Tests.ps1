BeforeAll { . $PSScriptRoot/Setup.ps1 }

Describe 'New-LguestGuest' {
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'makes a guest that has not run an instruction' {
        $guest = New-LguestGuest $examples/ring/ring.yaml
        $guest | Should -BeOfType LguestPS.Guest
        $guest.Name | Should -Be ring
        $guest.State | Should -Be Created
        $guest.InstructionCount | Should -Be 0
        Get-LguestGuest ring | Should -Be $guest
    }

    It 'gives a name that is taken a number' {
        1..3 | ForEach-Object { (New-LguestGuest $examples/hello/hello.yaml).Name } | Should -Be hello, hello2, hello3
    }

    It 'gives the number back when the guest is removed' {
        New-LguestGuest $examples/hello/hello.yaml | Out-Null
        New-LguestGuest $examples/hello/hello.yaml | Remove-LguestGuest
        (New-LguestGuest $examples/hello/hello.yaml).Name | Should -Be hello2
    }

    It 'takes a kernel and parameters instead of a file' {
        $guest = New-LguestGuest -Kernel $examples/hello/hello.elf -Name mine -Memory 8MB -CommandLine 'a b' -Clock Virtual -Device console
        $guest.Name | Should -Be mine
        $guest.Definition.Memory | Should -Be 8MB
        $guest.Definition.CommandLine | Should -Be 'a b'
        $guest.Definition.Clock | Should -Be Virtual
        ($guest | Wait-LguestGuest).Ending.Kind | Should -Be PowerDown
    }

    It 'names a guest without a file after its kernel' {
        (New-LguestGuest -Kernel $examples/hello/hello.elf).Name | Should -Be hello
    }

    It 'puts parameters before what the file says' {
        $definition = (New-LguestGuest $examples/ring/ring.yaml -Memory 16MB -Clock Host -DirectTraps Off -Compile Off -InstructionLimit 100).Definition
        $definition.Memory | Should -Be 16MB
        $definition.Clock | Should -Be Host
        $definition.DirectTraps | Should -Be Off
        $definition.Compile | Should -Be Off
        $definition.Limits.Instructions | Should -Be 100
        $definition.Limits.Time | Should -Be ([timespan]'0:0:30')
    }

    It 'leaves the limits that are not given as the file has them' {
        Set-Content TestDrive:/limited.yaml "kernel: $examples/ring/ring.elf`nlimits: { time: 9s, instructions: 10, sockets: 20 }"
        $limits = (New-LguestGuest TestDrive:/limited.yaml).Definition.Limits
        $limits.Time.TotalSeconds, $limits.Instructions, $limits.Sockets | Should -Be 9, 10, 20
        (New-LguestGuest TestDrive:/limited.yaml -SocketLimit 30).Definition.Limits | Should -Be ($limits | ForEach-Object { [LguestPS.GuestLimits]::new($_.Time, $_.Instructions, 30) })
        { New-LguestGuest TestDrive:/limited.yaml -SocketLimit 0 -ErrorAction Stop } | Should -Throw '*the socket limit is 0; give a number from 1 to 4096*'
    }

    It 'takes devices as <Text>' -TestCases @(
        @{ Text = "'console'"; Expected = @('console') }
        @{ Text = "@{ block = 'disk.img' }, 'console'"; Expected = @('block Snapshot', 'console') }
        @{ Text = "@{ block = @{ path = 'disk.img'; mode = 'readonly' } }"; Expected = @('block ReadOnly') }
        @{ Text = "([LguestPS.ConsoleDefinition]::new())"; Expected = @('console') }
        @{ Text = '@()'; Expected = @() }
    ) {
        Push-Location $examples/disk
        try {
            $guest = & ([scriptblock]::Create("New-LguestGuest -Kernel disk.elf -Device $Text"))
        }
        finally { Pop-Location }
        $guest.Definition.Devices | ForEach-Object { $_ -is [LguestPS.BlockDefinition] ? "block $($_.Mode)" : 'console' } | Should -Be $Expected
    }

    It 'says what is wrong with a device: <Text>' -TestCases @(
        @{ Text = "'floppy'"; Message = "*unknown device 'floppy'*console, block, net and rng*" }
        @{ Text = "@{ block = @{ mode = 'ReadOnly' } }"; Message = "*'block' needs 'path'*" }
        @{ Text = "@{ block = @{ path = 'x'; moed = 'ReadOnly' } }"; Message = "*no setting 'moed'*" }
        @{ Text = "@{ block = @{ path = 'x'; mode = 'sideways' } }"; Message = "*unknown mode 'sideways'*Snapshot*" }
    ) {
        { & ([scriptblock]::Create("New-LguestGuest -Kernel $examples/disk/disk.elf -Device $Text -ErrorAction Stop")) } |
            Should -Throw $Message -ErrorId 'InvalidDefinition,LguestPS.Cmdlets.NewLguestGuestCommand'
    }

    It 'takes files from the pipeline' {
        Get-ChildItem $examples/hello/*.yaml, $examples/ring/*.yaml | New-LguestGuest | ForEach-Object Name | Should -Be hello, ring
    }

    It 'takes wildcards' {
        (New-LguestGuest ./examples/t*/*.yaml).Name | Should -Be timer
    }

    It 'takes kernels by property name' {
        $guest = [pscustomobject]@{ Kernel = "$examples/hello/hello.elf"; Name = 'fromcsv'; Memory = '8388608' } | New-LguestGuest
        $guest.Name | Should -Be fromcsv
        $guest.Definition.Memory | Should -Be 8MB
    }

    It 'makes a copy from the definition of another guest' {
        $first = New-LguestGuest $examples/disk/disk.yaml
        $copy = $first.Definition | New-LguestGuest -Name copy
        $copy.Name | Should -Be copy
        $copy.Definition.Devices.Count | Should -Be 2
        $copy.Definition.Devices[1] | Should -BeOfType LguestPS.ConsoleDefinition
    }

    It 'is relative to the current location, not the process directory' {
        Push-Location $examples/hello
        try { (New-LguestGuest hello.yaml).Name | Should -Be hello } finally { Pop-Location }
    }

    It 'only says what would be loaded where with -WhatIf' {
        $text = pwsh -NoProfile -Command "Import-Module '$modulePath'; New-LguestGuest '$examples/disk/disk.yaml' -WhatIf; (Get-LguestGuest).Count" | Out-String
        $text | Should -Match 'What if: Load guest ''disk'''
        $text | Should -Match '0x00100000 .*kernel \(.*disk\.elf\)'
        $text | Should -Match 'entry 0xc01'
        $text | Should -Match 'device: block .*disk\.img \(Snapshot\)'
        $text.Trim() | Should -Match '(?m)^0$'
    }

    It 'says file, line and column of a mistake' {
        Set-Content TestDrive:/bad.yaml "kernel: hello.elf`nmemroy: 4MiB"
        $thrown = { New-LguestGuest TestDrive:/bad.yaml -ErrorAction Stop } | Should -Throw -PassThru
        $thrown.FullyQualifiedErrorId | Should -Be 'InvalidDefinition,LguestPS.Cmdlets.NewLguestGuestCommand'
        $thrown.CategoryInfo.Category | Should -Be InvalidData
        $thrown.Exception.Message | Should -Match 'bad\.yaml\(2,1\).*memroy.*memory'
        $thrown.ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'goes on with the next definition after a mistake' {
        $made = New-LguestGuest $examples/nosuch.yaml, $examples/hello/hello.yaml -ErrorAction SilentlyContinue -ErrorVariable failed
        $made.Name | Should -Be hello
        $failed.FullyQualifiedErrorId | Should -Be 'DefinitionNotFound,LguestPS.Cmdlets.NewLguestGuestCommand'
    }
}

Describe 'Several guests of one file' {
    BeforeAll { $lan = "$examples/lan/lan.yaml" }
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'makes all of them, or those that are selected' {
        (New-LguestGuest $lan).Name | Should -Be answer, ask
        (New-LguestGuest $lan -Select a?k).Name | Should -Be ask2
        (New-LguestGuest $lan -Select ask -Name other).Definition.CommandLine | Should -Be ask
    }

    It 'names what is in the file if something else is wanted' {
        { New-LguestGuest $lan -Select nobody -ErrorAction Stop } | Should -Throw "*defines no guest 'nobody'; known are answer, ask" -ErrorId 'InvalidValue,*'
        { New-LguestGuest $lan -Name one -ErrorAction Stop } | Should -Throw '-Name names one guest, and *lan.yaml* defines 2: answer, ask; choose one with -Select'
        { Start-LguestGuest $lan -Name one -ErrorAction Stop } | Should -Throw '-Name names one guest, and *'
        Get-LguestGuest | Should -BeNullOrEmpty
    }

    It 'runs them side by side as jobs' {
        $jobs = Start-LguestGuest $lan -AsJob -Kind Ended
        $jobs | Wait-Job -Timeout 300 | Receive-Job | ForEach-Object Guest | Sort-Object | Should -Be answer, ask
        $jobs | Remove-Job
    }

    It 'completes their names' {
        $line = "New-LguestGuest $lan -Select a"
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be answer, ask
    }
}
