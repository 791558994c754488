using System.Text;
using LguestPS.Terminals;
using Xunit;

namespace LguestPS.Tests.Terminals;

/// <summary>What a guest gets for the keys of a Windows that does not send a terminal's sequences itself.</summary>
public sealed class KeyTranslatorTests
{
    // As dwControlKeyState has them.
    private const uint None = 0, RightAlt = 1, LeftAlt = 2, Control = 8, Shift = 16;

    [Theory]
    [InlineData(ConsoleKey.UpArrow, None, "[A")]
    [InlineData(ConsoleKey.LeftArrow, None, "[D")]
    [InlineData(ConsoleKey.LeftArrow, Control, "[1;5D")]
    [InlineData(ConsoleKey.End, Shift, "[1;2F")]
    [InlineData(ConsoleKey.F1, None, "OP")]
    [InlineData(ConsoleKey.F4, LeftAlt, "[1;3S")]
    [InlineData(ConsoleKey.F5, None, "[15~")]
    [InlineData(ConsoleKey.F12, Shift | Control, "[24;6~")]
    [InlineData(ConsoleKey.Delete, None, "[3~")]
    [InlineData(ConsoleKey.PageUp, None, "[5~")]
    public void A_key_without_a_character_is_an_escape_sequence(ConsoleKey key, uint modifiers, string sequence) =>
        Assert.Equal($"\x1B{sequence}", Translate(new ConsoleKeyEvent(true, 1, key, '\0', (KeyModifiers)modifiers)));

    [Theory]
    [InlineData(ConsoleKey.C, '\x03', Control, "\x03")]
    [InlineData(ConsoleKey.Oem6, '\x1D', Control, "\x1D")]
    [InlineData(ConsoleKey.Enter, '\r', None, "\r")]
    [InlineData(ConsoleKey.Backspace, '\b', None, "\x7F")]
    [InlineData(ConsoleKey.Backspace, '\x7F', Control, "\x7F")]
    [InlineData(ConsoleKey.B, 'b', LeftAlt, "\x1B" + "b")]
    [InlineData(ConsoleKey.Q, '@', RightAlt | Control, "@")]
    [InlineData(ConsoleKey.Oem1, 'ü', None, "ü")]
    public void A_key_with_a_character_is_that(ConsoleKey key, char character, uint modifiers, string text) =>
        Assert.Equal(text, Translate(new ConsoleKeyEvent(true, 1, key, character, (KeyModifiers)modifiers)));

    [Fact]
    public void A_control_key_whose_character_is_zero_is_sent() => Assert.Equal("\0", Translate(new ConsoleKeyEvent(true, 1, ConsoleKey.Spacebar, '\0', KeyModifiers.LeftControl)));

    [Theory]
    [InlineData((ConsoleKey)0x10)]      // Shift
    [InlineData((ConsoleKey)0x11)]      // Ctrl
    [InlineData(ConsoleKey.Spacebar)]
    public void A_key_that_means_nothing_to_a_terminal_is_nothing(ConsoleKey key) => Assert.Equal("", Translate(new ConsoleKeyEvent(true, 1, key, '\0', KeyModifiers.None)));

    [Fact]
    public void A_key_that_is_held_down_repeats() => Assert.Equal("xxx", Translate(new ConsoleKeyEvent(true, 3, ConsoleKey.X, 'x', KeyModifiers.None)));

    [Fact]
    public void Letting_go_is_nothing_but_the_end_of_a_character_typed_by_number()
    {
        Assert.Equal("", Translate(new ConsoleKeyEvent(false, 1, ConsoleKey.X, 'x', KeyModifiers.None)));
        Assert.Equal("é", Translate(new ConsoleKeyEvent(false, 1, (ConsoleKey)0x12, 'é', KeyModifiers.None)));
    }

    [Fact]
    public void A_character_of_two_code_units_is_one()
    {
        KeyTranslator translator = new();
        byte[] bytes = [.. "😀".SelectMany(unit => translator.Translate(new ConsoleKeyEvent(true, 1, default, unit, KeyModifiers.None)))];
        Assert.Equal("😀", Encoding.UTF8.GetString(bytes));
    }

    private static string Translate(ConsoleKeyEvent key) => Encoding.UTF8.GetString(new KeyTranslator().Translate(key));
}
