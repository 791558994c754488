BeforeAll {
    . $PSScriptRoot/Setup.ps1
    $staged = Split-Path $modulePath
}

Describe 'The staged module' {
    It 'has a valid manifest that names every cmdlet' {
        $manifest = Test-ModuleManifest $modulePath
        $manifest.PowerShellVersion | Should -Be '7.6'
        $manifest.CompatiblePSEditions | Should -Be Core
        $manifest.ExportedCmdlets.Keys | Sort-Object | Should -Be ((Get-Command -Module LguestPS).Name | Sort-Object)
        $manifest.Tags | Should -Contain lguest
    }

    It 'exports the cmdlets that have a page in docs, and nothing else' {
        (Get-Command -Module LguestPS).Name | Sort-Object | Should -Be ((Get-ChildItem $repository/docs/*-Lguest*.md).BaseName | Sort-Object)
    }

    It 'uses approved verbs' {
        (Get-Command -Module LguestPS).Verb | Select-Object -Unique | ForEach-Object { (Get-Verb $_).Verb | Should -Be $_ }
    }

    It 'is imported by name from a folder of the module path' {
        $folder = Join-Path $TestDrive 'module path'
        New-Item $folder -ItemType Directory | Out-Null
        Copy-Item $staged $folder/LguestPS -Recurse
        $out = Invoke-Fresh 'Import-Module LguestPS; (Get-Module LguestPS).Path; (Start-LguestGuest ./examples/hello/hello.yaml -Device console).Text; Get-Help Step-LguestGuest | Out-String' $folder
        $out[0] | Should -Be (Join-Path $folder LguestPS/LguestPS.psm1 | Resolve-Path).Path
        "$out" | Should -Match 'Hello from ring 1'
        "$out" | Should -Match 'next standstill'
    }

    It 'is loaded when one of its cmdlets is named' {
        $folder = Join-Path $TestDrive 'autoload'
        New-Item $folder -ItemType Directory | Out-Null
        Copy-Item $staged $folder/LguestPS -Recurse
        Invoke-Fresh '(Test-LguestHost).GetType().FullName' $folder | Should -Be LguestPS.HostReport
    }

    It 'has types that scripts can name' {
        Invoke-Fresh "Import-Module '$modulePath'; [LguestPS.HypercallEvent].FullName, [LguestPS.EventKinds]::Dma, [LguestPS.AbiProfile]::All.Count" | Select-Object -First 2 | Should -Be LguestPS.HypercallEvent, Dma
    }

    It 'frees all guests when it is removed, and can be imported again' {
        $out = Invoke-Fresh @"
            Import-Module '$modulePath'
            `$guest = New-LguestGuest ./examples/hello/hello.yaml
            `$job = Start-LguestGuest ./examples/echo/echo.yaml -AsJob
            Remove-Module LguestPS
            `$guest.State
            (`$job | Wait-Job -Timeout 300).State
            Import-Module '$modulePath'
            @(Get-LguestGuest).Count
"@
        $out | Should -Be Ended, Stopped, 0
    }

    It 'keeps the guests while another runspace still uses it' {
        $out = Invoke-Fresh @"
            Import-Module '$modulePath'
            `$guest = New-LguestGuest ./examples/hello/hello.yaml
            `$shell = [powershell]::Create()
            `$shell.AddScript("Import-Module '$modulePath'; Remove-Module LguestPS").Invoke()
            `$guest.State
"@
        $out | Should -Be Created
    }

    It 'is imported again by -Force and with a prefix' {
        Invoke-Fresh @"
            Import-Module '$modulePath'; Import-Module '$modulePath' -Force
            (Get-Command -Module LguestPS -CommandType Cmdlet).Count; (Get-Alias lgs).Definition
            Import-Module '$modulePath' -Force -Prefix My
            (New-MyLguestGuest ./examples/hello/hello.yaml).Name
"@ | Should -Be (Get-Command -Module LguestPS -CommandType Cmdlet).Count, Step-LguestGuest, hello
    }
}

Describe 'Another copy of the module' {
    BeforeAll {
        # As a later version would be installed: its folder has the number.
        $other = Join-Path $TestDrive LguestPS/99.1.0
        New-Item (Split-Path $other) -ItemType Directory -Force | Out-Null
        Copy-Item $staged $other -Recurse
        (Get-Content $other/LguestPS.psd1 -Raw) -replace "(?m)^    ModuleVersion .*$", "    ModuleVersion = '99.1.0'" | Set-Content $other/LguestPS.psd1
    }

    It 'is refused while <State>, with the reason' -ForEach @(
        @{ State = 'the first one is imported'; Between = '' }
        @{ State = 'the first one''s code is loaded'; Between = 'Remove-Module LguestPS' }
    ) {
        $out = Invoke-Fresh @"
            Import-Module '$modulePath'
            $Between
            try { Import-Module '$other/LguestPS.psd1' } catch { `$_.FullyQualifiedErrorId; `$_.Exception.Message }
            Import-Module '$modulePath'
            (Get-Module LguestPS).Version.ToString(3)
            (New-LguestGuest ./examples/hello/hello.yaml).Name
"@
        $version = (Test-ModuleManifest $modulePath).Version
        $out | Should -Be @(
            'OtherCopyLoaded,Microsoft.PowerShell.Commands.ImportModuleCommand'
            "LguestPS 99.1.0 cannot be imported from '$other': this PowerShell has loaded LguestPS $version from '$staged', and code that is loaded stays until PowerShell ends. Start a new session, and import there the one you want."
            "$version"
            'hello'
        )
    }
}
