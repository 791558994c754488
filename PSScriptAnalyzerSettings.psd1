# What PSScriptAnalyzer is asked about the scripts here: all of its default rules but these, each left out for a reason.
# Run it with: Invoke-ScriptAnalyzer -Path . -Settings ./PSScriptAnalyzerSettings.psd1
@{
    Severity     = @('Error', 'Warning', 'Information')
    ExcludeRules = @(
        # Pester runs BeforeAll, BeforeEach and It in scopes that see each other, which the rule does not know: all that it finds are variables of one that another uses.
        'PSUseDeclaredVarsMoreThanAssignments'

        # It does not look into script blocks: of what it finds, the parameters of the measurements are used in a function, and Pester gives operators of Should more than each needs.
        'PSReviewUnusedParameter'

        # Scripts are UTF-8 without a mark, as PowerShell 7 reads and writes them; it is the only PowerShell here.
        'PSUseBOMForUnicodeEncodedFile'

        # The cmdlets, which do support -WhatIf where they change something, are C#. The functions here are helpers of tests.
        'PSUseShouldProcessForStateChangingFunctions'
    )
}
