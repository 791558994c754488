BeforeAll {
    . $PSScriptRoot/Setup.ps1
    function Complete([string] $text) { (TabExpansion2 $text $text.Length).CompletionMatches.CompletionText }
    New-LguestGuest $examples/hello/hello.yaml, $examples/ring/ring.yaml | Out-Null
}
AfterAll { Get-LguestGuest | Remove-LguestGuest }

Describe 'Completion' {
    It 'knows the guests: <_>' -ForEach 'Get-LguestGuest ', 'Get-LguestGuest -Name ', 'Stop-LguestGuest ', 'Send-LguestConsole ', 'Wait-LguestGuest -Guest ' {
        Complete $_ | Should -Be hello, ring
    }
    It 'goes on where a name begins' { Complete 'Step-LguestGuest ri' | Should -Contain ring }
    It 'offers files where a definition may stand' { Complete 'Start-LguestGuest ./examples/ring/ring.y' | Should -Be './examples/ring/ring.yaml'.Replace('/', [IO.Path]::DirectorySeparatorChar) }
    It 'knows the hypercalls of the guest' {
        Complete 'Step-LguestGuest ring -Hypercall S' | Should -Be SEND_DMA, SET_CLOCKEVENT, SET_PMD, SET_PTE, SET_STACK
        Complete '$g = Get-LguestGuest; Start-LguestGuest -Hypercall NOTI' | Should -Be NOTIFY
    }
    It 'knows devices, profiles, kinds and states' {
        Complete 'Start-LguestGuest ring -Device ' | Should -Be console
        Complete 'New-LguestGuest -Kernel x -Abi dma-2007' | Should -Be dma-2007-10
        Complete 'Start-LguestGuest ring -Kind In' | Should -Be Interrupt, Intervention
        Complete 'Get-LguestGuest -State P' | Should -Be Paused
        Complete 'New-LguestGuest x.yaml -Clock v' | Should -Be Virtual
    }
    It 'knows the keys of a device: <Text>' -ForEach @(
        @{ Text = 'New-LguestGuest x.yaml -Device @{ '; Keys = 'Block', 'Net' }
        @{ Text = 'New-LguestGuest x.yaml -Device console, @{ b'; Keys = 'Block' }
        @{ Text = 'New-LguestGuest x.yaml -Device @{ block = @{ '; Keys = 'Limit', 'Mode', 'Overlay', 'Path' }
        @{ Text = 'New-LguestGuest x.yaml -Device @{ block = @{ path = "a"; m'; Keys = 'Mode' }
        @{ Text = 'New-LguestGuest x.yaml -Device @{ net = @{ '; Keys = 'Shared', 'Tap', 'User' }
        @{ Text = 'New-LguestGuest x.yaml -Device @{ net = @{ user = @{ '; Keys = 'Dns', 'Forward', 'Loopback', 'Names', 'Network', 'Reach', 'Record', 'Replay' }
        @{ Text = 'New-LguestGuest x.yaml -Device @{ net = @{ tap = @{ i'; Keys = 'Interface' }
    ) {
        Complete $Text | Sort-Object | Should -Be $Keys
    }
    It 'offers keys that a device has' {
        foreach ($key in Complete 'New-LguestGuest -Device @{ net = @{ user = @{ ') {
            $value = @{ Network = '10.0.2.0/24'; Loopback = $true; Forward = '0:80'; Reach = '80=127.0.0.1:80'; Names = @{ a = '10.0.2.2' }; Dns = 'Off'; Record = "$TestDrive/a"; Replay = "$TestDrive/b" }[$key]
            { New-LguestGuest -Kernel $examples/hello/hello.elf -Device @{ net = @{ user = @{ $key = $value } } } -WhatIf -ErrorAction Stop } | Should -Not -Throw
        }
        { New-LguestGuest -Kernel $examples/hello/hello.elf -Device @{ block = @{ path = 'a'; mode = 'ReadOnly'; limit = '1MiB' } } -WhatIf -ErrorAction Stop } | Should -Throw '*a disk with a limit needs mode*'
    }
    It 'knows the arguments of a hypercall' {
        Complete 'Set-LguestBreakpoint ring SEND_DMA -Argument ' | Should -Be '@{ key = 0 }', '@{ dma = 0 }', '@{ key = 0; dma = 0 }'
        Complete 'Invoke-LguestHypercall ring CRASH @' | Should -Be '@{ message = 0 }'
        Complete 'Set-LguestBreakpoint ring FLUSH_ASYNC -Argument ' | Should -BeNullOrEmpty
        $other = New-LguestGuest $examples/ring/ring.yaml -Name standing
        $other | Step-LguestGuest -Hypercall SEND_DMA 6> $null | Out-Null
        Complete 'Set-LguestHypercall standing -Argument ' | Should -Be '@{ key = 0 }', '@{ dma = 0 }', '@{ key = 0; dma = 0 }'
        $other | Remove-LguestGuest
    }
    It 'takes a device whose properties were set, too' {
        $device = [LguestPS.Cmdlets.DeviceArgument]::new()
        $device.Net = [LguestPS.Cmdlets.NetSettings]@{ User = [LguestPS.Cmdlets.UserNetSettings]@{ Dns = 'Host' } }
        $guest = New-LguestGuest -Kernel $examples/hello/hello.elf -Device $device -Name other
        $guest.Definition.Devices[0].Dns | Should -Be Host
        $guest | Remove-LguestGuest
    }
}
