namespace LguestPS.Cmdlets;

/// <summary>What an operator tells Pester.</summary>
/// <param name="Succeeded">Whether the test goes on.</param>
/// <param name="FailureMessage">Why it does not.</param>
public sealed record AssertionResult(bool Succeeded, string FailureMessage);
