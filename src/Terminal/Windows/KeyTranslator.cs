using System.Text;

namespace LguestPS.Terminals;

/// <summary>Makes of keys what a terminal of the xterm family sends for them.</summary>
/// <remarks>A console in the mode of a virtual terminal sends characters of such sequences itself; what has a character passes through here as it is.</remarks>
internal sealed class KeyTranslator
{
    private const char Escape = '\x1B';
    private const char Delete = '\x7F';
    private const ConsoleKey Alt = (ConsoleKey)0x12;

    private static readonly Dictionary<ConsoleKey, string> Cursor = new()
    {
        [ConsoleKey.UpArrow] = "A", [ConsoleKey.DownArrow] = "B", [ConsoleKey.RightArrow] = "C", [ConsoleKey.LeftArrow] = "D", [ConsoleKey.End] = "F", [ConsoleKey.Home] = "H",
        [ConsoleKey.F1] = "P", [ConsoleKey.F2] = "Q", [ConsoleKey.F3] = "R", [ConsoleKey.F4] = "S",
    };

    private static readonly Dictionary<ConsoleKey, int> Numbered = new()
    {
        [ConsoleKey.Insert] = 2, [ConsoleKey.Delete] = 3, [ConsoleKey.PageUp] = 5, [ConsoleKey.PageDown] = 6,
        [ConsoleKey.F5] = 15, [ConsoleKey.F6] = 17, [ConsoleKey.F7] = 18, [ConsoleKey.F8] = 19,
        [ConsoleKey.F9] = 20, [ConsoleKey.F10] = 21, [ConsoleKey.F11] = 23, [ConsoleKey.F12] = 24,
    };

    // Two code units of one character come as two keys.
    private readonly Encoder encoder = Encoding.UTF8.GetEncoder();

    /// <returns>The bytes, in UTF-8; none for a key that is let go, or that means nothing to a terminal.</returns>
    public byte[] Translate(ConsoleKeyEvent key)
    {
        string text = Text(key);
        if (text.Length == 0) return [];
        text = string.Concat(Enumerable.Repeat(text, Math.Max(1, key.Repeats)));
        byte[] bytes = new byte[encoder.GetByteCount(text, flush: false)];
        encoder.GetBytes(text, bytes, flush: false);
        return bytes;
    }

    private static string Text(ConsoleKeyEvent key)
    {
        // A character that was typed by its number on the keypad comes when Alt is let go.
        if (!key.IsDown) return key.Key == Alt && key.Character != 0 ? $"{key.Character}" : "";
        bool control = (key.Modifiers & (KeyModifiers.LeftControl | KeyModifiers.RightControl)) != 0;
        bool alt = (key.Modifiers & (KeyModifiers.LeftAlt | KeyModifiers.RightAlt)) != 0;
        if (key.Character != 0)
        {
            char character = key.Key == ConsoleKey.Backspace && key.Character == '\b' && !control ? Delete : key.Character;
            // AltGr is both, and its character is meant as it is.
            return alt && !control ? $"{Escape}{character}" : $"{character}";
        }
        if (control && key.Key is (ConsoleKey.Spacebar or ConsoleKey.D2)) return "\0";
        int modifier = 1 + ((key.Modifiers & KeyModifiers.Shift) != 0 ? 1 : 0) + (alt ? 2 : 0) + (control ? 4 : 0);
        if (Cursor.TryGetValue(key.Key, out string? letter))
            return modifier > 1 ? $"{Escape}[1;{modifier}{letter}" : key.Key is >= ConsoleKey.F1 and <= ConsoleKey.F4 ? $"{Escape}O{letter}" : $"{Escape}[{letter}";
        if (Numbered.TryGetValue(key.Key, out int number))
            return modifier > 1 ? $"{Escape}[{number};{modifier}~" : $"{Escape}[{number}~";
        return key is { Key: ConsoleKey.Tab } ? $"{Escape}[Z" : "";
    }
}
