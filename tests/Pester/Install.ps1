# Installs the module's package as a user would, from a folder as a gallery, and writes the path of the installed manifest.
param([Parameter(Mandatory)] [string] $Package, [Parameter(Mandatory)] [string] $Folder)
$ErrorActionPreference = 'Stop'
Remove-Item $Folder -Recurse -Force -ErrorAction Ignore
$gallery = New-Item (Join-Path $Folder gallery) -ItemType Directory
$modules = New-Item ([IO.Path]::Combine($Folder, '.local', 'share', 'powershell', 'Modules')) -ItemType Directory
Copy-Item $Package $gallery

if (Get-Module Microsoft.PowerShell.PSResourceGet -ListAvailable) {
    # What this user has installed and registered is not touched: where there is a HOME, it is this folder for now.
    $userHome, $userData = $env:HOME, $env:XDG_DATA_HOME
    $env:HOME, $env:XDG_DATA_HOME = $Folder, $null
    try {
        pwsh -NoProfile -NonInteractive -Command @"
            `$ErrorActionPreference = 'Stop'
            Register-PSResourceRepository -Name LguestPS-$PID -Uri '$gallery' -Trusted
            try { $($IsWindows ? "Save-PSResource LguestPS -Repository LguestPS-$PID -Path '$modules'" : "Install-PSResource LguestPS -Repository LguestPS-$PID -Scope CurrentUser") }
            finally { Unregister-PSResourceRepository LguestPS-$PID }
"@
        if ($LASTEXITCODE) { throw "$Package could not be installed" }
    }
    finally { $env:HOME, $env:XDG_DATA_HOME = $userHome, $userData }
}
else {
    Expand-Archive $Package ([IO.Path]::Combine($modules, 'LguestPS', (Split-Path $Package -LeafBase) -replace '^LguestPS\.'))
}
(Get-ChildItem $modules/LguestPS/*/LguestPS.psd1).FullName
