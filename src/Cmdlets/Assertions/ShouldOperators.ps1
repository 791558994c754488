# Run in Pester's reach by Register-LguestAssertion: three operators for Should, whose work is done by EventAssertions.
Add-ShouldOperator -Name HaveHypercall -SupportsArrayInput -Test {
    param($ActualValue, [string] $Name, [int] $Times, [hashtable] $Argument, [switch] $Negate, [string] $Because, $CallerSessionState)
    $wanted = if ($PSBoundParameters.ContainsKey('Times')) { $Times } else { $null }
    [LguestPS.Cmdlets.EventAssertions]::HaveHypercall($ActualValue, $Name, $wanted, $Argument, $Negate, $Because)
}
Add-ShouldOperator -Name HaveEvents -SupportsArrayInput -Test {
    param($ActualValue, [string[]] $Pattern, [switch] $Consecutive, [switch] $Negate, [string] $Because, $CallerSessionState)
    [LguestPS.Cmdlets.EventAssertions]::HaveEvents($ActualValue, $Pattern, $Consecutive, $Negate, $Because)
}
Add-ShouldOperator -Name MatchTrace -SupportsArrayInput -Test {
    param($ActualValue, [string] $Path, [switch] $Negate, [string] $Because, $CallerSessionState)
    $file = $CallerSessionState.Path.GetUnresolvedProviderPathFromPSPath($Path)
    [LguestPS.Cmdlets.EventAssertions]::MatchTrace($ActualValue, $file, $Negate, $Because)
}
