@{
    RootModule           = 'LguestPS.psm1'
    ModuleVersion        = '0.1.0'
    GUID                 = '2540e09e-4325-4b9b-8d47-15b5ad724568'
    Author               = 'The LguestPS developers'
    CompanyName          = 'LguestPS'
    Copyright            = 'The LguestPS developers. MIT licensed.'
    Description          = 'Runs, steps and scripts 32-bit paravirtual guests of the lguest hypervisor: every hypercall, DMA, trap and interrupt is an object in the pipeline.'
    PowerShellVersion    = '7.6'
    CompatiblePSEditions = @('Core')

    # .example is the domain of nobody (RFC 2606). Who publishes the module puts the project's own address here, and below.
    HelpInfoURI          = 'https://lguestps.example/help/'

    FunctionsToExport    = @()
    CmdletsToExport      = @(
        'Checkpoint-LguestGuest'
        'Compare-LguestRun'
        'Compare-LguestTrace'
        'Copy-LguestGuest'
        'Enter-LguestConsole'
        'Export-LguestDefinition'
        'Export-LguestMatrix'
        'Export-LguestMatrixJob'
        'Import-LguestMatrixResult'
        'Export-LguestReport'
        'Export-LguestTrace'
        'Get-LguestCall'
        'Get-LguestCallStack'
        'Get-LguestCheckpoint'
        'Get-LguestDescriptor'
        'Get-LguestDisassembly'
        'Get-LguestDma'
        'Get-LguestVirtqueue'
        'Get-LguestEvent'
        'Get-LguestGuest'
        'Get-LguestHotCode'
        'Get-LguestHypercallRing'
        'Get-LguestKernel'
        'Get-LguestMatrix'
        'Get-LguestMemory'
        'Get-LguestMemoryAccess'
        'Get-LguestPageTable'
        'Get-LguestRecording'
        'Get-LguestRegister'
        'Disable-LguestBreakpoint'
        'Enable-LguestBreakpoint'
        'Get-LguestBreakpoint'
        'Invoke-LguestFuzz'
        'Invoke-LguestHypercall'
        'Invoke-LguestMatrix'
        'New-LguestGuest'
        'New-LguestScriptedGuest'
        'Receive-LguestConsole'
        'Register-LguestAssertion'
        'Remove-LguestBreakpoint'
        'Remove-LguestGuest'
        'Restart-LguestGuest'
        'Restore-LguestGuest'
        'Resume-LguestGuest'
        'Search-LguestMemory'
        'Send-LguestConsole'
        'Set-LguestMemory'
        'Set-LguestRegister'
        'Set-LguestBreakpoint'
        'Set-LguestHypercall'
        'Show-LguestDashboard'
        'Skip-LguestHypercall'
        'Start-LguestGdbServer'
        'Start-LguestGuest'
        'Step-LguestGuest'
        'Stop-LguestGuest'
        'Suspend-LguestGuest'
        'Sync-LguestDisk'
        'Test-LguestHost'
        'Test-LguestRecording'
        'Trace-LguestValue'
        'Wait-LguestGuest'
    )
    VariablesToExport    = @()
    AliasesToExport      = @('lgb', 'lgbc', 'lgbl', 'lgg', 'lgr', 'lgs')

    PrivateData          = @{
        PSData = @{
            Tags         = @('lguest', 'hypervisor', 'virtualization', 'paravirtualization', 'hypercall', 'emulator', 'debugging', 'PSEdition_Core', 'Linux', 'Windows', 'MacOS')
            ProjectUri   = 'https://lguestps.example/'
            LicenseUri   = 'https://lguestps.example/LICENSE'
            IconUri      = 'https://lguestps.example/icon.png'
            # The build puts in what CHANGELOG.md says of the version.
            ReleaseNotes = ''
        }
    }
}
