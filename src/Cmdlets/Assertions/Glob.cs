namespace LguestPS.Cmdlets;

/// <summary>A set of texts: characters, of which a few private ones stand for a digit, some digits or none, any character, or any text.</summary>
internal static class Glob
{
    public const char Digit = '\uE000';
    public const char Digits = '\uE001';
    public const char Any = '\uE002';
    public const char Rest = '\uE003';

    /// <summary>What a pattern of PowerShell matches; a set of characters counts as any character.</summary>
    public static string Of(string pattern)
    {
        List<char> glob = new(pattern.Length);
        for (int at = 0; at < pattern.Length; at++)
        {
            char read = pattern[at];
            int close = read == '[' ? pattern.IndexOf(']', at) : -1;
            if (close > at) at = close;
            else if (read == '`' && at + 1 < pattern.Length) at++;
            glob.Add(read switch { '*' => Rest, '?' => Any, '[' when close > 0 => Any, '`' => pattern[at], _ => read });
        }
        return new string([.. glob]);
    }

    /// <summary>Whether there is a text that is in both sets.</summary>
    public static bool Meet(string one, string other)
    {
        // Which beginnings of the other set can be the same text as the beginning of the first one up to here.
        bool[] reached = new bool[other.Length + 1];
        reached[0] = true;
        for (int i = 0; ; i++)
        {
            bool last = i == one.Length;
            bool[] next = new bool[other.Length + 1];
            bool any = false;
            for (int j = 0; j <= other.Length; j++)
            {
                if (!reached[j]) continue;
                any = true;
                bool ends = j == other.Length, repeats = !last && Repeats(one[i]), otherRepeats = !ends && Repeats(other[j]);
                if (repeats) next[j] = true;
                if (otherRepeats) reached[j + 1] = true;
                if (last || ends || (repeats && otherRepeats) || !MeetOne(one[i], other[j])) continue;
                if (repeats) reached[j + 1] = true;
                else if (otherRepeats) next[j] = true;
                else next[j + 1] = true;
            }
            if (last) return reached[other.Length];
            if (!any) return false;
            reached = next;
        }
    }

    private static bool Repeats(char one) => one is Digits or Rest;

    private static bool MeetOne(char one, char other) =>
        IsAny(one) || IsAny(other)
        || (IsDigit(one), IsDigit(other)) switch
        {
            (true, true) => true,
            (true, false) => char.IsAsciiDigit(other),
            (false, true) => char.IsAsciiDigit(one),
            _ => char.ToUpperInvariant(one) == char.ToUpperInvariant(other),
        };

    private static bool IsAny(char one) => one is Any or Rest;

    private static bool IsDigit(char one) => one is Digit or Digits;
}
