BeforeAll {
    . $PSScriptRoot/Setup.ps1
    function Show { $input | Out-String -Width 120 | ForEach-Object { $_ -replace '\e\[[\d;]*m' } }
    function Complete([string] $text) { (TabExpansion2 $text $text.Length).CompletionMatches.CompletionText }
    function Get-Failure([scriptblock] $action) { try { & $action } catch { $_ } }
}
AfterAll { Get-LguestGuest | Remove-LguestGuest }

Describe 'Looking into a guest' {
    BeforeAll {
        $guest = New-LguestGuest $examples/paging/paging.yaml
        $guest | Step-LguestGuest -Hypercall SET_STACK | Out-Null
    }
    AfterAll { $guest | Remove-LguestGuest }

    It 'takes a guest by pipeline, by name and as a parameter: <Command>' -ForEach @(
        @{ Command = 'Get-LguestRegister'; Arguments = @{} }
        @{ Command = 'Get-LguestMemory'; Arguments = @{ Address = 'main' } }
        @{ Command = 'Search-LguestMemory'; Arguments = @{ Pattern = 'cd 1f'; From = 'main'; To = 'main+0x200' } }
        @{ Command = 'Get-LguestPageTable'; Arguments = @{} }
        @{ Command = 'Get-LguestDescriptor'; Arguments = @{} }
        @{ Command = 'Get-LguestDisassembly'; Arguments = @{} }
        @{ Command = 'Get-LguestCallStack'; Arguments = @{} }
        @{ Command = 'Get-LguestHypercallRing'; Arguments = @{} }
    ) {
        $piped = $guest | & $Command @Arguments
        $piped | Should -Not -BeNullOrEmpty
        (& $Command paging @Arguments | Out-String) | Should -Be ($piped | Out-String)
        (& $Command -Guest $guest @Arguments | Out-String) | Should -Be ($piped | Out-String)
        @($piped)[0].Guest | Should -Be paging
        (Get-Failure { & $Command nobody @Arguments -ErrorAction Stop }).FullyQualifiedErrorId | Should -BeLike 'GuestNotFound,*'
    }

    It 'writes what it says it writes: <_>' -ForEach 'Get-LguestRegister', 'Get-LguestPageTable', 'Get-LguestDescriptor', 'Get-LguestDisassembly', 'Get-LguestCallStack', 'Get-LguestHypercallRing' {
        $types = (Get-Command $_).OutputType.Name
        $guest | & $_ | ForEach-Object { $_.PSObject.TypeNames[0] | Should -BeIn $types }
    }

    It 'looks the same from a file: <_>' -ForEach @(
        'Get-LguestRegister', 'Get-LguestMemory main', 'Get-LguestMemory esp -As UInt32 -Count 4', 'Get-LguestMemory -As LguestData', 'Search-LguestMemory -Text running',
        'Get-LguestPageTable main', 'Get-LguestPageTable -Tree', 'Get-LguestDescriptor', 'Get-LguestDescriptor -Table Idt', 'Get-LguestDisassembly', 'Get-LguestCallStack', 'Get-LguestHypercallRing'
    ) {
        $live = & ([scriptblock]::Create("`$guest | $_"))
        $live | Export-Clixml TestDrive:/seen.xml
        $stored = Import-Clixml TestDrive:/seen.xml
        ($stored | Show) | Should -Be ($live | Show)
        ($stored | Format-List | Show) | Should -Be ($live | Format-List | Show)
    }

    It 'understands an address in every form' {
        $main = $guest.Symbols.AddressOf('main')
        ($guest | Get-LguestMemory main).Address | Should -Be $main
        ($guest | Get-LguestMemory $main).Address | Should -Be $main
        ($guest | Get-LguestMemory ([int]($main - 4294967296))).Address | Should -Be $main
        ($guest | Get-LguestMemory -Address 'main + 0x10').Address | Should -Be ($main + 16)
        (Get-LguestMemory paging main).Address | Should -Be $main
        ('main' | Get-LguestMemory paging).Address | Should -Be $main
        ($guest.Symbols.Find($main) | Get-LguestMemory paging).Address | Should -Be $main
        (Get-LguestMemory paging 0xc0100000).Address | Should -Be 0xc0100000u
        ($guest | Get-LguestMemory main -Physical).Bytes | Should -Be ($guest | Get-LguestMemory main).Bytes
    }

    It 'says what is wrong with an address: <Id>' -ForEach @(
        @{ Id = 'AddressNotMapped'; Address = '0x80000000'; Text = '*page directory entry 0x200 at physical 0x*is not present*' }
        @{ Id = 'InvalidAddress'; Address = 'mian'; Text = "*did you mean 'main'?" }
    ) {
        $failure = Get-Failure { $guest | Get-LguestMemory $Address -ErrorAction Stop }
        $failure.FullyQualifiedErrorId | Should -BeLike "$Id,*"
        $failure.Exception.Message | Should -BeLike $Text
        $failure.ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'wants an address where there is no other' {
        (Get-Failure { $guest | Get-LguestMemory -ErrorAction Stop }).FullyQualifiedErrorId | Should -BeLike 'AddressMissing,*'
    }

    It 'pipes what it finds into the next look' {
        $calls = $guest | Search-LguestMemory -Pattern 'cd 1f' -From main -To main+0x300
        $calls | Get-LguestDisassembly -Count 1 | ForEach-Object Text | Select-Object -Unique | Should -Match '^int +\$0x1f$'
        $guest | Get-LguestDescriptor -Table Idt | Get-LguestDisassembly -Count 1 | ForEach-Object Address | Should -Be ($guest | Get-LguestDescriptor -Table Idt).Handler
        ($guest | Get-LguestCallStack | Get-LguestDisassembly -Count 1)[0].IsCurrent | Should -BeTrue
    }

    It 'gives bytes to other commands' {
        $guest | Get-LguestMemory main -Length 32 -Raw | Format-Hex | Show | Should -Match '00000010'
        , ($guest | Get-LguestMemory main -Length 32 -Raw) | Should -BeOfType byte[]
        $guest | Get-LguestMemory main -Length 32 -Raw | Set-Content TestDrive:/main.bin -AsByteStream
        (Get-Item TestDrive:/main.bin).Length | Should -Be 32
        $guest | Get-LguestMemory main -Length 32 | Show | Should -Match '(?m)^<main>\r?\n0xc0[0-9a-f]{6}  ([0-9a-f]{2} +){16} .{16}'
    }

    It 'shows fields of structures as properties' {
        $data = $guest | Get-LguestMemory -As LguestData
        $data.reserve_mem | Should -Be 4MB
        $data.hcall_status.Count | Should -Be 64
        $data | Show | Should -Match '1108 +reserve_mem +0x00400000 +4 MiB'
        ($guest | Get-LguestMemory -As BootParameters).'e820[0].size' | Should -Be 4MB
    }

    It 'shows the page tables' {
        $ranges = $guest | Get-LguestPageTable -Tree
        ($ranges | Where-Object First -EQ 0xc0000000u).Size | Should -BeGreaterOrEqual 4MB
        $ranges | Where-Object Rights -Match US | Should -Not -BeNullOrEmpty
        $walk = $guest | Get-LguestPageTable main
        $walk.PhysicalAddress | Should -Be ($walk.Address - 0xc0000000u)
        $walk | Show | Should -Match 'Directory entry 0x300 at 0x.*P RW'
        $guest | Get-LguestPageTable -Difference cr3 | Should -BeNullOrEmpty
        (Get-Failure { $guest | Get-LguestPageTable -Tree -Directory 0x123 -ErrorAction Stop }).FullyQualifiedErrorId | Should -BeLike 'InvalidAddress,*'
    }

    It 'shows what a guest changed between two directories' {
        $fresh = New-LguestGuest $examples/paging/paging.yaml
        $first = ($fresh | Get-LguestPageTable).Directory
        $fresh | Step-LguestGuest -Hypercall SET_STACK | Out-Null
        $difference = $fresh | Get-LguestPageTable -Difference $first
        $difference.Kind | Should -Contain OnlyFirst
        $difference.Kind | Should -Not -Contain OnlySecond
        $fresh | Remove-LguestGuest
    }

    It 'shows the code of a function' {
        $code = $guest | Get-LguestDisassembly -Function main
        $code[0].Symbol | Should -Be main
        ($code | Where-Object Text -Like '*<lguest_init>').Target | Should -Be $guest.Symbols.AddressOf('lguest_init')
        $guest | Get-LguestDisassembly -Count 2 | Show | Should -Match '=> 0xc0'
        ($guest | Get-LguestDisassembly main -Count 3).Count | Should -Be 3
    }

    It 'completes symbols and registers' {
        Complete 'Get-LguestMemory paging mai' | Should -Contain main
        Complete 'Get-LguestDisassembly paging -Function system_c' | Should -Contain system_call
        Complete 'Get-LguestRegister paging -Register e' | Should -Contain eax
        Complete 'Set-LguestRegister paging ef' | Should -Be eflags
    }
}

Describe 'Frames across a trap' {
    It 'lead from the kernel into the program it serves' {
        $guest = New-LguestGuest $examples/paging/paging.yaml
        $guest | Step-LguestGuest -Until { $_.PendingHypercall.Name -eq 'SEND_DMA' -and $_.ConsoleText -match 'own page tables' } | Out-Null
        $frames = $guest | Get-LguestCallStack
        $frames[0].Origin | Should -Be Registers
        $program = $frames | Where-Object Origin -EQ TrapFrame
        $program.PrivilegeLevel | Should -Be 3
        $program.Eip | Should -BeLessThan 0xc0000000u
        $guest | Remove-LguestGuest
    }
}

Describe 'The ring and DMA' {
    It 'show what waits' {
        $guest = New-LguestGuest $examples/ring/ring.yaml
        (Get-Failure { $guest | Get-LguestHypercallRing -ErrorAction Stop }).FullyQualifiedErrorId | Should -BeLike 'NotInitialised,*'
        $guest | Step-LguestGuest -Count 3 | Out-Null
        $waiting = $guest | Get-LguestHypercallRing -Ready
        $waiting[0].Call.Name, $waiting[0].IsCursor, $waiting[0].Order | Should -Be SEND_DMA, $true, 1
        $waiting | Show | Should -Match '> +1 ready +1 SEND_DMA\(key='
        $guest | Remove-LguestGuest
    }

    It 'show bound buffers' {
        $guest = New-LguestGuest $examples/echo/echo.yaml
        $guest | Step-LguestGuest -Hypercall HALT | Out-Null
        $array = $guest | Get-LguestDma
        $array.Device, $array.Free, $array.Used | Should -Be console, 1, 0
        $array.Buffers[0].Ranges | Should -Not -BeNullOrEmpty
        $array | Export-Clixml TestDrive:/dma.xml
        (Import-Clixml TestDrive:/dma.xml).Buffers[0].Ranges[0].Length | Should -Be $array.Buffers[0].Ranges[0].Length
        $guest | Remove-LguestGuest
    }
}

Describe 'Changing a guest' {
    BeforeEach { $guest = New-LguestGuest $examples/hello/hello.yaml }
    AfterEach { Get-LguestGuest | Remove-LguestGuest }

    It 'is told in the trace before what comes of it' {
        $where = $guest | Search-LguestMemory -Text Hello | Select-Object -First 1
        $where | Set-LguestMemory -Text HELLO
        $guest | Set-LguestRegister -Register ecx -Value 7
        $events = $guest | Start-LguestGuest
        $events[0..1].Kind | Should -Be Intervention, Intervention
        $events[0].Sequence, $events[1].Sequence | Should -Be 1, 2
        $events[0].By | Should -Be Set-LguestMemory
        [Text.Encoding]::ASCII.GetString($events[0].Changes[0].From) | Should -Be Hello
        [Text.Encoding]::ASCII.GetString($events[0].Changes[0].To) | Should -Be HELLO
        $events[1].Changes[0].Target | Should -Be ecx
        ($events | Where-Object Kind -EQ Dma).Text | Should -BeLike '*HELLO*'
        $events[0..1] | Show | Should -Match 'Intervention +Set-LguestRegister ecx 0x00000000 -> 0x00000007'
    }

    It 'keeps in a file what was changed' {
        Set-LguestRegister $guest eax 1
        $guest | Start-LguestGuest -Kind Intervention | Export-Clixml TestDrive:/change.xml
        $stored = Import-Clixml TestDrive:/change.xml
        , $stored.Changes[0].To | Should -BeOfType byte[]
        $stored.Operation.ToString() | Should -Be SetRegister
        $stored | Format-List | Show | Should -Match 'Changes +: eax 0x00000000 -> 0x00000001'
    }

    It 'does nothing with -WhatIf' {
        $guest | Set-LguestRegister -Register eax -Value 5 -WhatIf
        Set-LguestMemory $guest 0x3000 1 -Physical -WhatIf
        (Get-LguestRegister $guest eax).Value | Should -Be 0
        $guest | Start-LguestGuest -Kind Intervention | Should -BeNullOrEmpty
    }

    It 'writes numbers as they are asked for' {
        Set-LguestMemory $guest 0x3000 -Physical -Value 1, -1, 0xc0100000 -PassThru | ForEach-Object Bytes | Should -Be (1, 0, 0, 0, 255, 255, 255, 255, 0, 0, 16, 192)
        Set-LguestMemory $guest 0x3000 -Physical -Value 7, -2 -As Byte -PassThru | ForEach-Object Bytes | Should -Be 7, 254
        ($guest | Set-LguestMemory -Address 0x3000 -Physical -Text ab -ZeroTerminated -PassThru).Bytes | Should -Be 97, 98, 0
        (Get-Failure { Set-LguestMemory $guest 0x3000 -Physical -Value 256 -As Byte -ErrorAction Stop }).FullyQualifiedErrorId | Should -BeLike 'InvalidValue,*'
    }

    It 'puts back what was saved' {
        $registers = $guest | Get-LguestRegister
        $memory = $guest | Get-LguestMemory 0x3000 -Physical -Length 8
        $guest | Set-LguestRegister -Register edx -Value 99
        Set-LguestMemory $guest 0x3000 1, 2 -Physical
        $registers | Set-LguestRegister
        $memory | Set-LguestMemory
        ($guest | Get-LguestRegister | Out-String) | Should -Be ($registers | Out-String)
        ($guest | Get-LguestMemory 0x3000 -Physical -Length 8).Bytes | Should -Be $memory.Bytes
    }

    It 'is refused while somebody runs the guest' {
        $failure = $guest | Start-LguestGuest | Select-Object -First 1 | ForEach-Object { Get-Failure { $guest | Set-LguestRegister -Register eax -Value 1 -ErrorAction Stop } }
        $failure.FullyQualifiedErrorId | Should -BeLike 'GuestBusy,*'
        $failure.Exception.Message | Should -BeLike "*is being run by Start-LguestGuest*"
    }

    It 'may look in the pipeline of the guest''s own events' {
        $eip = $guest | Start-LguestGuest -Kind Hypercall | Select-Object -First 1 | ForEach-Object { (Get-LguestRegister $guest eip).Value }
        $eip | Should -BeGreaterThan 0xc0000000u
    }

    It 'is refused for a value no guest may have' {
        (Get-Failure { Set-LguestRegister $guest cs 0x60 -ErrorAction Stop }).FullyQualifiedErrorId | Should -BeLike 'InvalidValue,*'
    }
}

Describe 'Step-LguestGuest -WhatIf' {
    It 'says what the next step would do, and does nothing' {
        $file = Join-Path $TestDrive whatif.ps1
        Set-Content $file "Import-Module '$modulePath'; `$guest = New-LguestGuest '$examples/ring/ring.yaml'; foreach (`$step in 1..5) { `$guest | Step-LguestGuest -WhatIf; `$guest | Step-LguestGuest | Out-Null }; `$guest | Step-LguestGuest -Count 3 -WhatIf"
        $lines = pwsh -NoProfile -File $file
        $lines[0] | Should -BeLike '*Step: run to the next standstill, from 0xc0*'
        $lines[1] | Should -BeLike '*Step: do LGUEST_INIT(data=*'
        $lines[2] | Should -BeLike '*Step: do SET_CLOCKEVENT(*) in ring slot 0; FLUSH_ASYNC stays pending*'
        $lines[4] | Should -BeLike '*Step: serve the DMA at 0x* to console, 17 bytes: "ring: first text\n"*'
        $lines[5] | Should -BeLike '*; then 2 more*'
    }
}

Describe 'Every type of these cmdlets' {
    It 'has a view: <_>' -ForEach @(
        'InterventionEvent', 'InterventionChange', 'GuestRegister', 'MemoryBlock', 'MemoryValue', 'MemoryStructure', 'MemoryField', 'MemoryHit',
        'PageTableWalk', 'PageTableEntry', 'PageRange', 'PageDifference', 'GuestDescriptor', 'GuestGate', 'DisassembledInstruction',
        'CallStackFrame', 'BoundDmaArray', 'DmaBuffer', 'DmaBufferRange', 'RingSlot', 'NextStep', 'BytePattern'
    ) {
        Get-FormatData -TypeName "LguestPS.$_" | Should -Not -BeNullOrEmpty
        Get-FormatData -TypeName "Deserialized.LguestPS.$_" | Should -Not -BeNullOrEmpty
    }
}
