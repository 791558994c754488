BeforeDiscovery {
    . $PSScriptRoot/Setup.ps1
    $noPackage = @(Get-ChildItem $repository/out/LguestPS.*.nupkg -ErrorAction Ignore).Count -eq 0
    $noPublisher = -not (Get-Module Microsoft.PowerShell.PSResourceGet -ListAvailable)
}
BeforeAll {
    . $PSScriptRoot/Setup.ps1
    $module = Split-Path $modulePath
    $package = (Get-ChildItem $repository/out/LguestPS.*.nupkg -ErrorAction Ignore).FullName
    $manifest = Import-PowerShellDataFile $modulePath

    # What a package says of itself, and the names of its files but for those of the format itself.
    function Read-Package([string] $path) {
        $zip = [IO.Compression.ZipFile]::OpenRead($path)
        try {
            $reader = [IO.StreamReader]::new($zip.GetEntry('LguestPS.nuspec').Open())
            @{
                Nuspec = ([xml]$reader.ReadToEnd()).package.metadata
                Files  = $zip.Entries.FullName | Where-Object { $_ -notmatch '^(_rels/|package/|\[Content_Types\]|LguestPS\.nuspec)' } | Sort-Object
            }
        }
        finally { $zip.Dispose() }
    }
}

Describe 'The manifest' {
    It 'names where the project, its licence, its icon and its help are' {
        foreach ($address in $manifest.HelpInfoURI, $manifest.PrivateData.PSData.ProjectUri, $manifest.PrivateData.PSData.LicenseUri, $manifest.PrivateData.PSData.IconUri) { [uri]::IsWellFormedUriString($address, 'Absolute') | Should -BeTrue }
        Join-Path $module icon.png | Should -Exist
        Join-Path $module LICENSE | Should -Exist
    }
    It 'tells what the changelog says of the version' {
        $changelog = Get-Content $repository/CHANGELOG.md -Raw
        $section = [regex]::Match($changelog, "(?ms)^## \[($([regex]::Escape($manifest.ModuleVersion))|Unreleased)\].*?`$(.*?)(?=^## |\z)").Groups[2].Value.Trim()
        $section | Should -Not -BeNullOrEmpty
        $notes = $manifest.PrivateData.PSData.ReleaseNotes
        $notes.Length | Should -BeLessOrEqual 35000 -Because 'galleries take no more'
        if ($section.Length -le 35000) { $notes | Should -Be $section }
        else {
            $start, $end = $notes -split '(?=\n- [^\n]*\z)'
            $section | Should -BeLike "$([WildcardPattern]::Escape($start))*"
            $end | Should -Be "`n- More is in CHANGELOG.md."
        }
        Join-Path $module CHANGELOG.md | Should -Exist
    }
}

Describe 'The package' -Skip:$noPackage {
    It 'says what Publish-PSResource says of the module, and has the same files' -Skip:$noPublisher {
        $source = Join-Path $TestDrive LguestPS
        Copy-Item $module $source -Recurse
        Remove-Item $source/PSGetModuleInfo.xml -ErrorAction Ignore     # made by installing
        $gallery = New-Item (Join-Path $TestDrive gallery) -ItemType Directory
        $name = "LguestPS-$PID"
        Register-PSResourceRepository -Name $name -Uri $gallery.FullName -Trusted
        try { Publish-PSResource -Path $source -Repository $name } finally { Unregister-PSResourceRepository $name }
        $theirs = Read-Package (Get-ChildItem $gallery).FullName
        $ours = Read-Package $package
        $ours.Files | Should -Be $theirs.Files
        $names = $theirs.Nuspec.ChildNodes.Name
        $names | Should -Contain iconUrl
        $ours.Nuspec.ChildNodes.Name | Sort-Object | Should -Be ($names | Sort-Object)
        foreach ($element in $names) { $ours.Nuspec.$element -replace '\r' | Should -Be ($theirs.Nuspec.$element -replace '\r') -Because $element }
    }
    It 'has the files of the module, and no others' {
        $installed = Get-ChildItem $module -Recurse -File | ForEach-Object { [IO.Path]::GetRelativePath($module, $_.FullName).Replace('\', '/') } | Where-Object { $_ -ne 'PSGetModuleInfo.xml' }
        (Read-Package $package).Files | Should -Be ($installed | Sort-Object)
    }
}

Describe 'The module''s files' {
    It 'do not say where they were built' {
        $root = "$repository"
        foreach ($file in Get-ChildItem $module -Recurse -File | Where-Object Name -NE PSGetModuleInfo.xml) {
            foreach ($encoding in [Text.Encoding]::Latin1, [Text.Encoding]::Unicode) {
                [IO.File]::ReadAllText($file.FullName, $encoding).Contains($root) | Should -BeFalse -Because "$file is the same wherever it is built"
            }
        }
    }
    It 'have a copy for every platform, and what is compiled is for this one' {
        Join-Path $module bin/any/LguestPS.dll | Should -Exist
        $platforms = (Get-ChildItem $module/bin -Directory).Name | Where-Object { $_ -ne 'any' }
        foreach ($platform in $platforms) {
            (Get-ChildItem $module/bin/$platform).Name | Sort-Object | Should -Be ((Get-ChildItem $module/bin/any -Filter *.dll -Recurse).Name | Sort-Object -Unique)
            "$platform" | Should -Match '^(linux|win|osx)-(x64|arm64)$'
        }
    }
    It 'run on any platform: with what is compiled for this one left out' {
        $other = Join-Path $TestDrive elsewhere
        Copy-Item $module $other -Recurse
        Get-ChildItem $other/bin -Directory | Where-Object Name -NE any | Get-ChildItem | Remove-Item -Recurse     # the folder stays, as builds leave it
        Invoke-Fresh "Import-Module '$other/LguestPS.psd1'; (Start-LguestGuest ./examples/hello/hello.yaml -Device console).Text; [LguestPS.Guest].Assembly.Location" |
            Select-Object -Last 1 | Should -Be (Resolve-Path $other/bin/any/LguestPS.Engine.dll).Path
    }
}

Describe 'The bill of materials' {
    BeforeAll {
        $bill = Get-Content $module/LguestPS.cdx.json -Raw | ConvertFrom-Json
        $listed = @($bill.metadata.component.components) + @($bill.components.components)
    }
    It 'is of CycloneDX 1.6 and of this module' {
        $bill.bomFormat, $bill.specVersion, $bill.version | Should -Be CycloneDX, '1.6', 1
        $bill.metadata.component.purl | Should -Be "pkg:nuget/LguestPS@$($manifest.ModuleVersion)"
        $bill.PSObject.Properties.Name | Should -Be bomFormat, specVersion, version, metadata, components, dependencies
    }
    It 'lists every assembly of the module once, with its hash and version' {
        $assemblies = Get-ChildItem $module -Filter *.dll -Recurse | Sort-Object FullName
        $listed.Count | Should -Be $assemblies.Count
        foreach ($assembly in $assemblies) {
            $entry = $listed | Where-Object name -EQ ([IO.Path]::GetRelativePath($module, $assembly.FullName).Replace('\', '/'))
            @($entry).Count | Should -Be 1 -Because $assembly
            $entry.type, $entry.hashes[0].alg | Should -Be file, SHA-256
            $entry.hashes[0].content | Should -Be (Get-FileHash $assembly.FullName).Hash
            $entry.version | Should -Be ([Reflection.AssemblyName]::GetAssemblyName($assembly.FullName).Version)
        }
    }
    It 'says of each library its package, version, licence and hash' {
        $bill.components.name | Should -Contain Iced
        $versions = @{}
        ([xml](Get-Content $repository/Directory.Packages.props -Raw)).Project.ItemGroup.PackageVersion | ForEach-Object { $versions[$_.Include] = $_.Version }
        foreach ($library in $bill.components) {
            $library.type | Should -Be library
            $library.purl, $library.'bom-ref' | Should -Be "pkg:nuget/$($library.name)@$($library.version)", "pkg:nuget/$($library.name)@$($library.version)"
            if ($versions[$library.name]) { $library.version | Should -Be $versions[$library.name] }
            $library.hashes[0].content | Should -Match '^[0-9a-f]{128}$'
            $license = $library.licenses[0]
            $license.license.id ?? $license.expression ?? $license.license.url | Should -Not -BeNullOrEmpty -Because $library.name
        }
    }
    It 'refers only to what it has' {
        $names = @($bill.metadata.component.'bom-ref') + @($bill.components.'bom-ref') + @($listed.'bom-ref')
        ($names | Select-Object -Unique).Count | Should -Be $names.Count
        $bill.dependencies.ref | Should -Be (@($bill.metadata.component.'bom-ref') + @($bill.components.'bom-ref'))
        $bill.dependencies[0].dependsOn | Should -Be $bill.components.'bom-ref'
    }
}
