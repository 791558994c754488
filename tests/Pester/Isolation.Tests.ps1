BeforeAll { . $PSScriptRoot/Setup.ps1 }

Describe 'The load context of the module' {
    BeforeAll {
        $engine = [LguestPS.Guest].Assembly
        $own = [Runtime.Loader.AssemblyLoadContext]::GetLoadContext($engine)
        $libraries = Get-ChildItem (Split-Path $engine.Location) -Filter *.dll
    }

    It 'has the engine; only the cmdlets are where other modules are' {
        $own.Name | Should -Be LguestPS
        [Runtime.Loader.AssemblyLoadContext]::GetLoadContext([LguestPS.Cmdlets.Views].Assembly).Name | Should -Be Default
    }

    It 'has <_>, whoever asks' -ForEach LguestPS.Engine, LguestPS.Terminal, LguestPS.Definitions {
        [Runtime.Loader.AssemblyLoadContext]::Default.LoadFromAssemblyName($_) | Should -Be $own.LoadFromAssemblyName($_)
    }

    It 'has each library that the module brings along' {
        $libraries.Count | Should -BeGreaterThan 5
        foreach ($library in $libraries) {
            $own.LoadFromAssemblyName($library.BaseName).Location | Should -Be $library.FullName
        }
    }

    It 'has the library of this platform, where there is one for each' -Skip:(-not $IsLinux) {
        $architecture = [Runtime.InteropServices.RuntimeInformation]::ProcessArchitecture.ToString().ToLowerInvariant()
        $own.LoadFromAssemblyName('Tmds.LibC').Location | Should -Match "[\\/]linux-$architecture[\\/]"
    }

    It 'is made by a loader that needs nothing' {
        ('LguestPS.ModuleLoader' -as [type]).Assembly.GetReferencedAssemblies().Name -notmatch '^System\.' | Should -BeNullOrEmpty
    }

    It 'is asked by the cmdlets for assemblies that are ours alone: what they use themselves is PowerShell''s and .NET''s' {
        $names = [LguestPS.Cmdlets.Views].Assembly.GetReferencedAssemblies().Name
        $names | Should -Contain LguestPS.Engine
        $names -notmatch '^(LguestPS\.\w+|System(\..+)?|Microsoft\.Win32\..+|netstandard|mscorlib)$' | Should -BeNullOrEmpty
    }

    It 'is not searched for what others ask for' {
        Invoke-Fresh "Import-Module '$modulePath'; try { [Runtime.Loader.AssemblyLoadContext]::Default.LoadFromAssemblyName('Iced').Location } catch { `$_.Exception.InnerException.GetType().Name }" | Should -Be FileNotFoundException
    }

    It 'gets YamlDotNet only when a definition is read' {
        Invoke-Fresh @"
            Import-Module '$modulePath'
            function Contexts { [AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { `$_.GetName().Name -eq 'YamlDotNet' } | ForEach-Object { [Runtime.Loader.AssemblyLoadContext]::GetLoadContext(`$_).Name } }
            "before: `$(Contexts)"
            New-LguestGuest ./examples/hello/hello.yaml | Out-Null
            "after: `$(Contexts)"
"@ | Should -Be 'before: ', 'after: LguestPS'
    }
}

Describe 'The engine''s types' {
    It 'are found by name, all of them' {
        foreach ($type in [LguestPS.Guest].Assembly.GetExportedTypes() | Where-Object { -not $_.IsNested -and -not $_.IsGenericTypeDefinition }) {
            $type.FullName -as [type] | Should -Be $type
        }
    }
    It 'are found <How>' -ForEach @(
        @{ How = 'in any case of letters'; Script = '[lguestps.GUEST].Name'; Type = 'Guest' }
        @{ How = 'as an argument of a generic type'; Script = '[Collections.Generic.List[LguestPS.Guest]].GenericTypeArguments.Name'; Type = 'Guest' }
        @{ How = 'by using namespace'; Script = "using namespace LguestPS`n[EventKinds].Name"; Type = 'EventKinds' }
        @{ How = 'in a class'; Script = 'class Holder { [LguestPS.Guest] $Guest }; [Holder].GetProperty("Guest").PropertyType.Name'; Type = 'Guest' }
        @{ How = 'by New-Object'; Script = '(New-Object LguestPS.StepOptions).GetType().Name'; Type = 'StepOptions' }
        @{ How = 'by -is'; Script = '(New-LguestGuest ./examples/hello/hello.yaml | ForEach-Object { $_ -is [LguestPS.Guest] ? $_.GetType().Name : "no" })'; Type = 'Guest' }
    ) { & ([scriptblock]::Create($Script)) | Should -Be $Type }
    It 'are those that compiled code gets, too' {
        Add-Type -TypeDefinition 'public static class UsesLguest { public static string NameOf(LguestPS.Guest guest) => guest.Name; }' -ReferencedAssemblies ([LguestPS.Guest].Assembly.Location)
        [UsesLguest]::NameOf((New-LguestGuest $examples/hello/hello.yaml -Name compiled)) | Should -Be compiled
    }
    AfterAll { Get-LguestGuest | Remove-LguestGuest }
}

Describe 'Beside a module with <Which> libraries' -ForEach @(
    @{ Which = 'older'; Packages = @{ YamlDotNet = '13.7.1'; Iced = '1.17.0'; DiffPlex = '1.4.4' } }
    @{ Which = 'newer'; Packages = @{ YamlDotNet = '18.1.0' } }
    @{ Which = 'much newer'; Packages = @{} }
) {
    BeforeAll {
        $folder = Join-Path $TestDrive $Which.Replace(' ', '-')
        $other = New-Item (Join-Path $folder Other) -ItemType Directory -Force
        $unavailable = $null
        if ($Packages.Count) {
            # A small module that ships other versions, as many do.
            Set-Content $other/Other.csproj @"
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework>
    <CopyLocalLockFileAssemblies>true</CopyLocalLockFileAssemblies>
  </PropertyGroup>
  <ItemGroup>
    $($Packages.GetEnumerator() | ForEach-Object { "<PackageReference Include=""$($_.Key)"" Version=""[$($_.Value)]"" />" })
  </ItemGroup>
</Project>
"@
            $built = dotnet build $other/Other.csproj -o $other/bin 2>&1
            if ($LASTEXITCODE) { $unavailable = "the packages could not be had: $($built | Select-String error | Select-Object -First 1)" }
        }
        else {
            # Empty assemblies with the names of our libraries and versions that none of them has reached.
            New-Item $other/bin -ItemType Directory | Out-Null
            $names = (Get-ChildItem (Split-Path ([LguestPS.Guest].Assembly.Location)) -Filter *.dll | Where-Object Name -NotLike LguestPS.*).BaseName
            foreach ($name in $names) {
                $assembly = [Reflection.Emit.PersistedAssemblyBuilder]::new("$name, Version=99.0.0.0", [object].Assembly)
                $assembly.DefineDynamicModule($name) | Out-Null
                $assembly.Save("$other/bin/$name.dll")
            }
        }
        $libraries = Get-ChildItem $other/bin -Filter *.dll | Where-Object Name -NE Other.dll
        $versions = $libraries | ForEach-Object { "$($_.BaseName) $([Reflection.AssemblyName]::GetAssemblyName($_.FullName).Version)" }
        Set-Content $other/Other.psm1 @'
$assemblies = Get-ChildItem $PSScriptRoot/bin -Filter *.dll | Where-Object Name -NE Other.dll | ForEach-Object { [Reflection.Assembly]::LoadFrom($_.FullName) }
function Get-OtherVersion { $assemblies | ForEach-Object GetName | ForEach-Object { "$($_.Name) $($_.Version)" } }
'@
        # Reads YAML, disassembles and compares.
        $use = "(New-LguestGuest ./examples/disk/disk.yaml | Get-LguestDisassembly -Count 1).Text; `$events = @(Start-LguestGuest ./examples/hello/hello.yaml); @(Compare-LguestTrace `$events @(`$events | Select-Object -Skip 1)).Count"
        $alone = Invoke-Fresh "Import-Module '$modulePath'; $use"
    }

    It 'works when <Order>' -TestCases @(
        @{ Order = 'the other comes first'; Script = "Import-Module Other; Import-Module '{0}'; {1}; Get-OtherVersion" }
        @{ Order = 'the other comes between import and use'; Script = "Import-Module '{0}'; Import-Module Other; {1}; Get-OtherVersion" }
        @{ Order = 'the other comes last'; Script = "Import-Module '{0}'; {1}; Import-Module Other; Get-OtherVersion" }
    ) {
        if ($unavailable) { Set-ItResult -Skipped -Because $unavailable }
        $alone[-1] | Should -Be 1
        $versions.Count | Should -BeGreaterThan 0
        foreach ($assembly in [Runtime.Loader.AssemblyLoadContext]::GetLoadContext([LguestPS.Guest].Assembly).Assemblies.GetName()) { $versions | Should -Not -Contain "$($assembly.Name) $($assembly.Version)" }
        $out = Invoke-Fresh ($Script -f $modulePath, $use) $folder
        $out | Select-Object -First $alone.Count | Should -Be $alone
        $out | Select-Object -Skip $alone.Count | Should -Be $versions
    }
}
