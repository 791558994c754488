BeforeAll {
    . $PSScriptRoot/Setup.ps1
    $staged = Split-Path $modulePath
    $separator = [IO.Path]::PathSeparator

    # Runs a script in a PowerShell of its own and gives its lines.
    function Invoke-Fresh([string] $script, [string] $modulePaths) {
        $before = $env:PSModulePath
        try {
            if ($modulePaths) { $env:PSModulePath = $modulePaths + $separator + $before }
            $file = Join-Path $TestDrive "$([guid]::NewGuid()).ps1"
            Set-Content $file "`$ErrorActionPreference = 'Stop'`nSet-Location '$repository'`n$script"
            pwsh -NoProfile -File $file
        }
        finally { $env:PSModulePath = $before }
    }
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
        $out[0] | Should -Be (Join-Path $folder LguestPS/LguestPS.psd1 | Resolve-Path).Path.Replace('.psd1', '.dll')
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

    It 'loads YamlDotNet only when a definition is read, and not where others see it' {
        $out = Invoke-Fresh @"
            Import-Module '$modulePath'
            function Contexts { [AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { `$_.GetName().Name -eq 'YamlDotNet' } | ForEach-Object { [Runtime.Loader.AssemblyLoadContext]::GetLoadContext(`$_).Name } }
            "before: `$(Contexts)"
            New-LguestGuest ./examples/hello/hello.yaml | Out-Null
            "after: `$(Contexts)"
"@
        $out | Should -Be 'before: ', 'after: LguestPS definitions'
    }
}

Describe 'Beside a module with YamlDotNet <Version>' -ForEach @(
    @{ Version = '13.7.1' }
    @{ Version = '18.1.0' }
) {
    BeforeAll {
        # A small module that ships another YamlDotNet, as many do.
        $folder = Join-Path $TestDrive "other-$Version"
        $other = New-Item (Join-Path $folder OtherYaml) -ItemType Directory -Force
        Set-Content $other/OtherYaml.csproj @"
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework>
    <CopyLocalLockFileAssemblies>true</CopyLocalLockFileAssemblies>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="YamlDotNet" Version="[$Version]" />
  </ItemGroup>
</Project>
"@
        Set-Content $other/Reader.cs @'
public static class OtherYaml
{
    public static string Read(string text) =>
        new YamlDotNet.Serialization.DeserializerBuilder().Build().Deserialize<System.Collections.Generic.Dictionary<string, string>>(text)["a"]
        + " by " + typeof(YamlDotNet.Serialization.DeserializerBuilder).Assembly.GetName().Version.Major;
}
'@
        $built = dotnet build $other/OtherYaml.csproj -o $other/bin 2>&1
        $unavailable = $LASTEXITCODE -ne 0 ? "$($built | Select-String error | Select-Object -First 1)" : $null
        Set-Content $other/OtherYaml.psm1 'Add-Type -Path $PSScriptRoot/bin/OtherYaml.dll; function Read-OtherYaml($Text) { [OtherYaml]::Read($Text) }'
        $major = $Version.Split('.')[0]
    }

    It 'works when <Order>' -TestCases @(
        @{ Order = 'the other is used first'; Script = "Import-Module OtherYaml; Read-OtherYaml 'a: theirs'; Import-Module '{0}'; (New-LguestGuest ./examples/disk/disk.yaml).Definition.Devices.Count" }
        @{ Order = 'the other is imported first but used last'; Script = "Import-Module OtherYaml; Import-Module '{0}'; (New-LguestGuest ./examples/disk/disk.yaml).Definition.Devices.Count; Read-OtherYaml 'a: theirs'" }
        @{ Order = 'the other comes last'; Script = "Import-Module '{0}'; (New-LguestGuest ./examples/disk/disk.yaml).Definition.Devices.Count; Import-Module OtherYaml; Read-OtherYaml 'a: theirs'" }
    ) {
        if ($unavailable) { Set-ItResult -Skipped -Because "YamlDotNet $Version could not be had: $unavailable" }
        Invoke-Fresh ($Script -f $modulePath) $folder | Sort-Object | Should -Be 2, "theirs by $major"
    }
}
