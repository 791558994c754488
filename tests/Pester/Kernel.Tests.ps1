BeforeDiscovery {
    # A folder of kernels, one in each folder of it, as builds leave them; their names say nothing.
    $kernels = if ($env:LGUEST_KERNELS) { Get-ChildItem $env:LGUEST_KERNELS/*/vmlinux -File | ForEach-Object { @{ Vmlinux = $_.FullName; BzImage = Join-Path $_.DirectoryName bzImage } } }
}
BeforeAll {
    . $PSScriptRoot/Setup.ps1

    # The smallest ELF kernel with an lguest guest of a release in it: a version text, and the name of its paravirtual operations.
    function New-Kernel([string] $path, [string] $version, [string] $more = '', [uint] $offset = 0xC0000000u) {
        $bytes = [Text.Encoding]::Latin1.GetBytes("Linux version $version (user@host) (gcc version 4.8) #1 SMP Thu Dec 5 2013`n`0`0lguest`0$more")
        $file = [IO.MemoryStream]::new()
        $writer = [IO.BinaryWriter]::new($file)
        $writer.Write([byte[]] (0x7F, 0x45, 0x4C, 0x46, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        foreach ($half in 2, 3) { $writer.Write([uint16] $half) }
        foreach ($word in 1, 0x2000, 52, 0, 0) { $writer.Write([uint32] $word) }
        foreach ($half in 52, 32, 1, 0, 0, 0) { $writer.Write([uint16] $half) }
        foreach ($word in 1, 84, ($offset + 0x2000), 0x2000, $bytes.Length, $bytes.Length, 7, 4096) { $writer.Write([uint32] $word) }
        $writer.Write($bytes)
        [IO.File]::WriteAllBytes($path, $file.ToArray())
        $path
    }
}

Describe 'Get-LguestKernel' {
    It 'tells of a kernel what it is, whether it runs, and what it needs' {
        $kernel = New-Kernel $TestDrive/vmlinux '3.11.10-301.fc20.i686' -more "`0virtio_console`0" | Get-LguestKernel
        $kernel | Should -BeOfType LguestPS.KernelReport
        $kernel.Release, $kernel.Profile, "$($kernel.Format)" | Should -Be '3.11.10-301.fc20.i686', 'virtio-3.1', 'Vmlinux'
        $kernel.PageOffset | Should -Be 0xC0000000u
        $kernel.Smp, $kernel.CanRun | Should -Be $true, $true
        $kernel.Runs | Should -BeLike 'Yes, with ABI profile virtio-3.1; 3.11.10 was tried on the emulated CPU*'
        $kernel.Needs | Should -Contain 'console=hvc0 on its command line.'
        (Get-LguestKernel (New-Kernel $TestDrive/split '2.6.27' -Offset 0xB0000000u)).PageOffset | Should -Be 0xB0000000u
    }

    It 'says of <Name> why it does not run' -ForEach @(
        @{ Name = 'a release without lguest'; Version = '6.1.0-18-686-pae'; Because = 'No: it is Linux 6.1.0; lguest was removed from Linux in 4.14*' }
        @{ Name = 'an old release'; Version = '2.6.22'; Because = 'No: it is Linux 2.6.22; lguest came with Linux 2.6.23*' }
    ) {
        $kernel = New-Kernel $TestDrive/other $Version | Get-LguestKernel
        $kernel.CanRun | Should -BeFalse
        $kernel.Runs | Should -BeLike $Because
        $refused = { New-LguestGuest -Kernel $TestDrive/other -ErrorAction Stop } | Should -Throw -PassThru
        "No: it $("$refused" -replace "^kernel '.*?' ")." | Should -Be $kernel.Runs
    }

    It 'describes what is no kernel, too' {
        Set-Content $TestDrive/script "#!/bin/sh`n"
        $report = Get-LguestKernel $TestDrive/script
        "$($report.Format)" | Should -Be None
        $report.Runs | Should -BeLike 'No: it is neither an ELF file nor a bzImage, but a script; lguest runs 32-bit x86 kernels*'
    }

    It 'takes paths, wildcards, files and names with brackets' {
        New-Kernel $TestDrive/many-1 '3.2.65' | Out-Null
        New-Kernel $TestDrive/many-2 '3.2.66' | Out-Null
        (Get-LguestKernel $TestDrive/many-1, $TestDrive/many-2).Release | Should -Be 3.2.65, 3.2.66
        (Get-LguestKernel $TestDrive/many-*).Release | Should -Be 3.2.65, 3.2.66
        (Get-ChildItem $TestDrive/many-* | Get-LguestKernel).Release | Should -Be 3.2.65, 3.2.66
        ("$TestDrive/many-1", "$TestDrive/many-2" | Get-LguestKernel).Release | Should -Be 3.2.65, 3.2.66
        New-Item $TestDrive/'odd[1]' -ItemType File -Value '#!' | Out-Null
        (Get-LguestKernel $TestDrive/'odd[1]').Format | Should -Be None
    }

    It 'has errors for what is not there, and goes on' {
        New-Kernel $TestDrive/there '3.2.65' | Out-Null
        { Get-LguestKernel $TestDrive/none -ErrorAction Stop } | Should -Throw "*none' does not exist" -ErrorId 'FileUnavailable,*'
        { Get-LguestKernel $TestDrive -ErrorAction Stop } | Should -Throw '*is a folder*' -ErrorId 'FileUnavailable,*'
        { Get-LguestKernel $TestDrive/none* -ErrorAction Stop } | Should -Throw '*No file*' -ErrorId 'KernelNotFound,*'
        { Get-LguestKernel Env:/PATH -ErrorAction Stop } | Should -Throw -ErrorId 'NotAFile,*'
        ("$TestDrive/none", "$TestDrive/there" | Get-LguestKernel -ErrorAction SilentlyContinue).Release | Should -Be 3.2.65
    }

    It 'has a table and a list' {
        $kernel = New-Kernel $TestDrive/vmlinux '3.11.10' | Get-LguestKernel
        $kernel | Format-Table | Out-String -Width 80 | Should -Match '(?s)Kernel +Release +Profile +Runs.*vmlinux +3\.11\.10 +virtio-3\.1 +yes'
        $kernel | Format-List | Out-String | Should -Match '(?s)Runs +: Yes.*PageOffset +: 0xc0000000'
        (Test-LguestHost).Kernels | Format-Table | Out-String -Width 80 | Should -Match 'virtio-3\.1 +3\.2\.65'
    }

    It 'gives the configuration as a dictionary' {
        $text = [IO.MemoryStream]::new()
        $gzip = [IO.Compression.GZipStream]::new($text, [IO.Compression.CompressionMode]::Compress)
        $gzip.Write([Text.Encoding]::ASCII.GetBytes("CONFIG_HZ=100`nCONFIG_MODULES=y`nCONFIG_VIRTIO_BLK=m`n"))
        $gzip.Dispose()
        $kernel = New-Kernel $TestDrive/configured '3.2.65' -more "IKCFG_ST$([Text.Encoding]::Latin1.GetString($text.ToArray()))IKCFG_ED" | Get-LguestKernel
        $kernel.Configuration.HZ, $kernel.ConfigurationSource | Should -Be '100', 'in the kernel'
        "$(($kernel.Drivers | Where-Object Device -EQ block).State)" | Should -Be Module
        $kernel.Needs -join ' ' | Should -BeLike '*An initrd that loads its driver for disks*'
    }
}

Describe 'Get-LguestKernel, with <Vmlinux>' -ForEach $kernels {
    It 'says the same of its vmlinux and its bzImage, and booting agrees' {
        $plain, $packed = Get-LguestKernel $Vmlinux, $BzImage
        foreach ($property in 'Release', 'Build', 'Profile', 'Lguest', 'PageOffset', 'Pae', 'Smp', 'StackProtector', 'Microcode', 'Modules', 'CanRun') {
            $packed.$property | Should -Be $plain.$property -Because $property
        }
        "$($packed.Drivers)" | Should -Be "$($plain.Drivers)"
        foreach ($kernel in $plain, $packed) {
            if (-not $kernel.CanRun) { continue }
            $kernel.SymbolCount | Should -BeGreaterThan 1000
            $guest = New-LguestGuest -Kernel $kernel.Path -Memory $kernel.LeastMemory -Name described
            $guest.Abi.Name | Should -Be $kernel.Profile
            $guest | Remove-LguestGuest
            { New-LguestGuest -Kernel $kernel.Path -Memory ($kernel.LeastMemory - 1MB) -ErrorAction Stop } | Should -Throw '*too small*'
        }
    }
}
