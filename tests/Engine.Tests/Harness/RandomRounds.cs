using Xunit;

namespace LguestPS.Tests;

/// <summary>Rounds of random cases, where each round must hold, and how many of its cases come to what a test is about is luck.</summary>
internal static class RandomRounds
{
    private const int Most = 50;

    /// <param name="enough">Whether there were enough of those cases.</param>
    /// <param name="round">Tries some more.</param>
    public static void Until(Func<bool> enough, Action round)
    {
        int done = 0;
        do
        {
            Assert.True(done++ < Most, $"{Most} rounds did not have enough of the cases that this test is about");
            round();
        }
        while (!enough());
    }
}
