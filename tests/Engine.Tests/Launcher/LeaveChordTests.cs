using System.Text;
using LguestPS.Terminals;
using Xunit;

namespace LguestPS.Tests.Launcher;

/// <summary>The keys that leave a console: how they are written, and what of what is typed is the guest's.</summary>
public sealed class LeaveChordTests
{
    [Theory]
    [InlineData("Ctrl-]", "Ctrl-]")]
    [InlineData("^]", "Ctrl-]")]
    [InlineData("ctrl+A x", "Ctrl-a x")]
    [InlineData("^p ^q", "Ctrl-p Ctrl-q")]
    [InlineData("  Ctrl-@   .  ", "Ctrl-@ .")]
    [InlineData("Ctrl-^ ^", "Ctrl-^ ^")]
    public void A_chord_can_be_written_in_several_ways(string written, string name) => Assert.Equal(name, $"{LeaveChord.Parse(written)}");

    [Theory]
    [InlineData("", "'' is not a chord of keys")]
    [InlineData("Alt-x", "'Alt-x' is not a chord of keys")]
    [InlineData("Ctrl-", "'Ctrl-' is not a chord of keys")]
    [InlineData("Ctrl-1", "'Ctrl-1' is not a chord of keys")]
    [InlineData("Ctrl-ä", "'Ctrl-ä' is not a chord of keys")]
    [InlineData("^a b c", "'^a b c' is not a chord of keys")]
    [InlineData("x", "'x' would keep the key 'x' from the guest")]
    [InlineData("Ctrl-m", "Ctrl-m is the Enter key")]
    [InlineData("^J x", "Ctrl-j is the Enter key")]
    [InlineData("^[ x", "Ctrl-[ is the Escape key")]
    [InlineData("^a ^A", "Ctrl-a twice sends it to the guest")]
    public void Anything_else_is_refused_with_the_reason(string written, string problem)
    {
        LguestException refused = Assert.Throws<LguestException>(() => LeaveChord.Parse(written));
        Assert.Equal(LguestError.InvalidValue, refused.Error);
        Assert.StartsWith(problem, refused.Message);
    }

    [Theory]
    [InlineData("^]", "abc", "abc", false)]
    [InlineData("^]", "ab\u001Dcd", "ab", true)]
    [InlineData("^]", "ab\u001D\u001D", "ab", true)]
    [InlineData("^a x", "ab\u0001xcd", "ab", true)]
    [InlineData("^a x", "a\u0001\u0001x\u001D", "a\u0001x\u001D", false)]
    [InlineData("^a x", "\u0001y", "\u0001y", false)]
    [InlineData("^a x", "\u0001\u0001\u0001x", "\u0001", true)]
    [InlineData("^a x", "a\u0001", "a", false)]
    [InlineData("^p ^q", "\u0010\u0011z", "", true)]
    public void What_is_not_the_chord_is_the_guests(string chord, string typed, string passed, bool left)
    {
        foreach (int most in (int[])[1, 2, typed.Length])       // however the keys come in
        {
            LeaveChord.Filter filter = new(LeaveChord.Parse(chord));
            string got = string.Concat(typed.Chunk(most).Select(keys => Encoding.ASCII.GetString(filter.Take(Encoding.ASCII.GetBytes(keys)))));
            Assert.Equal((passed, left), (got, filter.HasLeft));
        }
    }
}
