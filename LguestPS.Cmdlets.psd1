# The cmdlets with their types and views. By now LguestPS.psm1 has loaded LguestPS.dll, so it is found by its name.
@{
    RootModule           = 'LguestPS.dll'
    ModuleVersion        = '0.1.0'
    GUID                 = '7ea6f509-bdf8-4298-a904-1a7599d1c75a'
    CompatiblePSEditions = @('Core')
    TypesToProcess       = 'LguestPS.types.ps1xml'
    FormatsToProcess     = 'LguestPS.format.ps1xml'
    FunctionsToExport    = @()
    CmdletsToExport      = '*'
    VariablesToExport    = @()
    AliasesToExport      = '*'
}
