namespace LguestPS.Terminals;

/// <summary>The keys with which a user leaves a guest's console: one, or two of which the first is withheld from the guest until it is known what follows.</summary>
internal sealed class LeaveChord
{
    private const char ControlBit = '\x40';
    private const byte CtrlM = 0x0D;
    private const byte CtrlJ = 0x0A;
    private const byte Escape = 0x1B;

    private readonly byte first;
    private readonly byte? second;

    private LeaveChord(byte first, byte? second)
    {
        this.first = first;
        this.second = second;
    }

    /// <summary>Ctrl-], as in telnet.</summary>
    public static LeaveChord Usual { get; } = new(0x1D, null);

    /// <summary>The first key, by its name, if a second has to follow; pressed twice, the guest gets it once.</summary>
    public string? Prefix => second is null ? null : NameOf(first);

    /// <summary>Reads a chord such as <c>Ctrl-]</c>, <c>^]</c> or <c>Ctrl-a x</c>.</summary>
    /// <exception cref="LguestException">InvalidValue, with what a chord is.</exception>
    public static LeaveChord Parse(string text)
    {
        string[] keys = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (keys.Length is 0 or > 2 || !TryParseKey(keys[0], out byte first) || !TryParseKey(keys[^1], out byte last))
            throw Refuse($"'{text}' is not a chord of keys; write one key such as Ctrl-], or two such as 'Ctrl-a x'");
        if (first >= ' ') throw Refuse($"'{text}' would keep the key '{keys[0]}' from the guest; let the chord begin with a control key, such as 'Ctrl-a {keys[0]}'");
        if (first is CtrlM or CtrlJ) throw Refuse($"{NameOf(first)} is the Enter key, which the guest needs; let the chord begin with another, such as Ctrl-]");
        if (first is Escape) throw Refuse("Ctrl-[ is the Escape key, with which arrow keys begin, too; let the chord begin with another, such as Ctrl-]");
        if (keys.Length == 2 && last == first) throw Refuse($"{NameOf(first)} twice sends it to the guest; let the chord's second key be another, such as '{NameOf(first)} x'");
        return new LeaveChord(first, keys.Length == 2 ? last : null);
    }

    public override string ToString() => second is { } next ? $"{NameOf(first)} {NameOf(next)}" : NameOf(first);

    /// <summary>What of the keys that are typed goes to the guest; remembers a first key of two.</summary>
    public sealed class Filter(LeaveChord chord)
    {
        private bool isFirstPressed;

        /// <summary>Whether the chord was pressed; what is typed after it is not the guest's.</summary>
        public bool HasLeft { get; private set; }

        /// <summary>Takes keys up to the chord.</summary>
        /// <param name="typed">What was typed since the last time.</param>
        /// <returns>What of it, and of a first key that was withheld, is for the guest.</returns>
        public byte[] Take(ReadOnlySpan<byte> typed)
        {
            List<byte> passed = new(typed.Length + 1);
            foreach (byte key in typed)
            {
                if (HasLeft) break;
                if (!isFirstPressed && key == chord.first)
                {
                    isFirstPressed = chord.second is not null;
                    HasLeft = !isFirstPressed;
                    continue;
                }
                if (isFirstPressed && key == chord.second)
                {
                    HasLeft = true;
                    continue;
                }
                if (isFirstPressed && key != chord.first) passed.Add(chord.first);
                isFirstPressed = false;
                passed.Add(key);
            }
            return [.. passed];
        }
    }

    private static bool TryParseKey(string text, out byte key)
    {
        string name = text.StartsWith("Ctrl-", StringComparison.OrdinalIgnoreCase) || text.StartsWith("Ctrl+", StringComparison.OrdinalIgnoreCase) ? text[5..]
            : text is ['^', _] ? text[1..] : "";
        key = 0;
        if (name.Length == 0 && text is [> ' ' and < '\x7F' and var plain])
        {
            key = (byte)plain;
            return true;
        }
        if (name is not [var letter] || (char.ToUpperInvariant(letter) ^ ControlBit) is not (< ' ' and var control)) return false;
        key = (byte)control;
        return true;
    }

    private static string NameOf(byte key) => key < ' ' ? $"Ctrl-{char.ToLowerInvariant((char)(key ^ ControlBit))}" : $"{(char)key}";

    private static LguestException Refuse(string problem) => new(LguestError.InvalidValue, problem);
}
