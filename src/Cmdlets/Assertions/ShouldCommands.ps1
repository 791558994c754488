# Run in Pester's reach by Register-LguestAssertion, where Pester is 6 or later: a command for each operator and for its opposite,
# in a module of their own, so that they are there wherever Pester's are. EventAssertions does their work.
New-Module -Name LguestPS.Assertions -ScriptBlock {
    function Complete-Assertion($Assertion, $Result, $Because) {
        if ($Result.Succeeded) { return }
        $Assertion.Fail($Result.FailureMessage, @{ Expected = $Result.ExpectResult.Expected; Actual = $Result.ExpectResult.Actual; Because = $Because })
    }

    function Should-HaveHypercall {
        <#
        .SYNOPSIS
        Asserts that a hypercall was made.
        .DESCRIPTION
        The hypercall is among the events: at least once, or exactly -Times times. A name that no era has is an error.
        .PARAMETER Name
        The hypercall's name; wildcards are allowed.
        .PARAMETER Actual
        The events, from a guest, a job or a file.
        .PARAMETER Times
        How often exactly.
        .PARAMETER Argument
        Values that its arguments must have, by name.
        .PARAMETER Because
        Why it should have been made.
        .EXAMPLE
        Start-LguestGuest ./examples/ring/ring.yaml | Should-HaveHypercall SEND_DMA -Times 5
        .NOTES
        -ErrorAction and Pester's configuration Should.ErrorAction decide whether a failure ends the test, as for Pester's own assertions.
        .LINK
        about_Lguest_Testing
        #>
        [Diagnostics.CodeAnalysis.SuppressMessage('PSUseProcessBlockForPipelineCommand', '', Justification = 'All of the input is judged at its end, and Pester takes it from $Input.')]
        [Diagnostics.CodeAnalysis.SuppressMessage('PSUseApprovedVerbs', '', Justification = 'Assertions of Pester 6 begin with Should.')]
        [CmdletBinding()]
        param(
            [Parameter(Mandatory, Position = 0)] [ArgumentCompleter([LguestPS.Cmdlets.HypercallCompleter])] [string] $Name,
            [Parameter(Position = 1, ValueFromPipeline)] $Actual,
            [ValidateRange(0, [int]::MaxValue)] [int] $Times,
            [hashtable] $Argument,
            [string] $Because
        )
        $assertion = New-ShouldAssertion -Caller $PSCmdlet -Actual $Actual -Buffer $local:Input -As CollectionItems
        $wanted = if ($PSBoundParameters.ContainsKey('Times')) { $Times } else { $null }
        Complete-Assertion -Assertion $assertion -Because $Because -Result ([LguestPS.Cmdlets.EventAssertions]::HaveHypercall($assertion.Actual(), $Name, $wanted, $Argument, $false, $Because))
    }

    function Should-NotHaveHypercall {
        <#
        .SYNOPSIS
        Asserts that a hypercall was not made.
        .DESCRIPTION
        The hypercall is not among the events, or not with these arguments. A name that no era has is an error.
        .PARAMETER Name
        The hypercall's name; wildcards are allowed.
        .PARAMETER Actual
        The events, from a guest, a job or a file.
        .PARAMETER Argument
        Values of its arguments, by name: only calls that have them count.
        .PARAMETER Because
        Why it should not have been made.
        .EXAMPLE
        Start-LguestGuest ./examples/ring/ring.yaml | Should-NotHaveHypercall HALT
        .LINK
        about_Lguest_Testing
        #>
        [Diagnostics.CodeAnalysis.SuppressMessage('PSUseProcessBlockForPipelineCommand', '', Justification = 'All of the input is judged at its end, and Pester takes it from $Input.')]
        [Diagnostics.CodeAnalysis.SuppressMessage('PSUseApprovedVerbs', '', Justification = 'Assertions of Pester 6 begin with Should.')]
        [CmdletBinding()]
        param(
            [Parameter(Mandatory, Position = 0)] [ArgumentCompleter([LguestPS.Cmdlets.HypercallCompleter])] [string] $Name,
            [Parameter(Position = 1, ValueFromPipeline)] $Actual,
            [hashtable] $Argument,
            [string] $Because
        )
        $assertion = New-ShouldAssertion -Caller $PSCmdlet -Actual $Actual -Buffer $local:Input -As CollectionItems
        Complete-Assertion -Assertion $assertion -Because $Because -Result ([LguestPS.Cmdlets.EventAssertions]::HaveHypercall($assertion.Actual(), $Name, $null, $Argument, $true, $Because))
    }

    function Should-HaveEvent {
        <#
        .SYNOPSIS
        Asserts that events happened in this order.
        .DESCRIPTION
        There is an event for each pattern, in their order; others may stand between them, unless -Consecutive is given. A pattern that no event could ever match is an error.
        .PARAMETER Pattern
        Lines of a trace, of either detail; wildcards are allowed.
        .PARAMETER Actual
        The events, from a guest, a job or a file.
        .PARAMETER Consecutive
        Nothing may stand between them.
        .PARAMETER Because
        Why they should have happened.
        .EXAMPLE
        Start-LguestGuest ./examples/ring/ring.yaml | Should-HaveEvent 'ring SEND_DMA', 'console <- *first*', FLUSH_ASYNC
        .LINK
        about_Lguest_Testing
        #>
        [Diagnostics.CodeAnalysis.SuppressMessage('PSUseProcessBlockForPipelineCommand', '', Justification = 'All of the input is judged at its end, and Pester takes it from $Input.')]
        [Diagnostics.CodeAnalysis.SuppressMessage('PSUseApprovedVerbs', '', Justification = 'Assertions of Pester 6 begin with Should.')]
        [CmdletBinding()]
        param(
            [Parameter(Mandatory, Position = 0)] [string[]] $Pattern,
            [Parameter(Position = 1, ValueFromPipeline)] $Actual,
            [switch] $Consecutive,
            [string] $Because
        )
        $assertion = New-ShouldAssertion -Caller $PSCmdlet -Actual $Actual -Buffer $local:Input -As CollectionItems
        Complete-Assertion -Assertion $assertion -Because $Because -Result ([LguestPS.Cmdlets.EventAssertions]::HaveEvents($assertion.Actual(), $Pattern, $Consecutive, $false, $Because))
    }

    function Should-NotHaveEvent {
        <#
        .SYNOPSIS
        Asserts that events did not happen in this order.
        .DESCRIPTION
        The opposite of Should-HaveEvent; of a single pattern: no event matches it. A pattern that no event could ever match is an error.
        .PARAMETER Pattern
        Lines of a trace, of either detail; wildcards are allowed.
        .PARAMETER Actual
        The events, from a guest, a job or a file.
        .PARAMETER Consecutive
        They did not happen one right after another.
        .PARAMETER Because
        Why they should not have happened.
        .EXAMPLE
        Start-LguestGuest ./examples/ring/ring.yaml | Should-NotHaveEvent '#PF*'
        .LINK
        about_Lguest_Testing
        #>
        [Diagnostics.CodeAnalysis.SuppressMessage('PSUseProcessBlockForPipelineCommand', '', Justification = 'All of the input is judged at its end, and Pester takes it from $Input.')]
        [Diagnostics.CodeAnalysis.SuppressMessage('PSUseApprovedVerbs', '', Justification = 'Assertions of Pester 6 begin with Should.')]
        [CmdletBinding()]
        param(
            [Parameter(Mandatory, Position = 0)] [string[]] $Pattern,
            [Parameter(Position = 1, ValueFromPipeline)] $Actual,
            [switch] $Consecutive,
            [string] $Because
        )
        $assertion = New-ShouldAssertion -Caller $PSCmdlet -Actual $Actual -Buffer $local:Input -As CollectionItems
        Complete-Assertion -Assertion $assertion -Because $Because -Result ([LguestPS.Cmdlets.EventAssertions]::HaveEvents($assertion.Actual(), $Pattern, $Consecutive, $true, $Because))
    }

    function Should-MatchTrace {
        <#
        .SYNOPSIS
        Asserts that events are those of a golden file.
        .DESCRIPTION
        The events are compared with a file that Export-LguestTrace wrote, in the detail of that file.
        .PARAMETER Path
        The file.
        .PARAMETER Actual
        The events, from a guest, a job or a file.
        .PARAMETER Because
        Why they should be the same.
        .EXAMPLE
        Start-LguestGuest ./examples/ring/ring.yaml | Should-MatchTrace ./ring.trace
        .LINK
        about_Lguest_Testing
        #>
        [Diagnostics.CodeAnalysis.SuppressMessage('PSUseProcessBlockForPipelineCommand', '', Justification = 'All of the input is judged at its end, and Pester takes it from $Input.')]
        [Diagnostics.CodeAnalysis.SuppressMessage('PSUseApprovedVerbs', '', Justification = 'Assertions of Pester 6 begin with Should.')]
        [CmdletBinding()]
        param(
            [Parameter(Mandatory, Position = 0)] [string] $Path,
            [Parameter(Position = 1, ValueFromPipeline)] $Actual,
            [string] $Because
        )
        $assertion = New-ShouldAssertion -Caller $PSCmdlet -Actual $Actual -Buffer $local:Input -As CollectionItems
        $file = $PSCmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path)
        Complete-Assertion -Assertion $assertion -Because $Because -Result ([LguestPS.Cmdlets.EventAssertions]::MatchTrace($assertion.Actual(), $file, $false, $Because))
    }

    function Should-NotMatchTrace {
        <#
        .SYNOPSIS
        Asserts that events differ from those of a golden file.
        .DESCRIPTION
        The opposite of Should-MatchTrace.
        .PARAMETER Path
        The file.
        .PARAMETER Actual
        The events, from a guest, a job or a file.
        .PARAMETER Because
        Why they should differ.
        .EXAMPLE
        Start-LguestGuest ./examples/hello/hello.yaml | Should-NotMatchTrace ./ring.trace
        .LINK
        about_Lguest_Testing
        #>
        [Diagnostics.CodeAnalysis.SuppressMessage('PSUseProcessBlockForPipelineCommand', '', Justification = 'All of the input is judged at its end, and Pester takes it from $Input.')]
        [Diagnostics.CodeAnalysis.SuppressMessage('PSUseApprovedVerbs', '', Justification = 'Assertions of Pester 6 begin with Should.')]
        [CmdletBinding()]
        param(
            [Parameter(Mandatory, Position = 0)] [string] $Path,
            [Parameter(Position = 1, ValueFromPipeline)] $Actual,
            [string] $Because
        )
        $assertion = New-ShouldAssertion -Caller $PSCmdlet -Actual $Actual -Buffer $local:Input -As CollectionItems
        $file = $PSCmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path)
        Complete-Assertion -Assertion $assertion -Because $Because -Result ([LguestPS.Cmdlets.EventAssertions]::MatchTrace($assertion.Actual(), $file, $true, $Because))
    }

    Export-ModuleMember -Function Should-*
} | Import-Module -Global -DisableNameChecking -Force
