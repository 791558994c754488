namespace LguestPS.Cmdlets;

/// <summary>What an assertion tells Pester.</summary>
/// <param name="Succeeded">Whether it holds.</param>
/// <param name="FailureMessage">Why it does not.</param>
public sealed record AssertionResult(bool Succeeded, string FailureMessage)
{
    /// <summary>What Pester's reports show beside the message; null if the assertion holds, or could not be judged.</summary>
    public ExpectedResult? ExpectResult { get; init; }
}

/// <summary>The two sides of an assertion that failed.</summary>
/// <param name="Expected">What should have been.</param>
/// <param name="Actual">What there was.</param>
/// <param name="Because">Why it should have been.</param>
public sealed record ExpectedResult(string Expected, string Actual, string? Because);
