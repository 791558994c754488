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
}
