using System.Globalization;

namespace LguestPS;

/// <summary>Bytes to look for, some of which may be anything.</summary>
public sealed class BytePattern
{
    /// <summary>The most bytes a pattern can have.</summary>
    public const int Longest = 4096;

    private readonly byte[] bytes;
    private readonly bool[] isFixed;
    private readonly int anchor;
    private readonly int anchorLength;

    /// <param name="bytes">Exactly these, 1 to <see cref="Longest"/>.</param>
    /// <exception cref="LguestException">InvalidValue: there are none, or too many.</exception>
    public BytePattern(ReadOnlySpan<byte> bytes)
        : this(bytes.ToArray(), Enumerable.Repeat(true, bytes.Length).ToArray())
    {
    }

    private BytePattern(byte[] bytes, bool[] isFixed)
    {
        if (bytes.Length is 0 or > Longest) throw Invalid($"A pattern has 1 to {Longest} bytes; this one has {bytes.Length}.");
        this.bytes = bytes;
        this.isFixed = isFixed;
        // The longest part without wildcards is found fast; the rest is compared there.
        for (int i = 0; i < bytes.Length; i++)
        {
            int length = isFixed.AsSpan(i).IndexOf(false);
            if (length < 0) length = bytes.Length - i;
            if (length > anchorLength) (anchor, anchorLength) = (i, length);
            i += length;
        }
        if (anchorLength == 0) throw Invalid("A pattern of wildcards alone is found everywhere; give at least one byte.");
    }

    /// <summary>How many bytes it covers.</summary>
    public int Length => bytes.Length;

    /// <summary>Reads hexadecimal bytes, with <c>??</c> for any: <c>0f 01 ?? c1</c>. Blanks may be left out.</summary>
    /// <exception cref="LguestException">InvalidValue.</exception>
    public static BytePattern Parse(string text)
    {
        string digits = string.Concat(text.Where(c => !char.IsWhiteSpace(c)));
        if (digits.Length % 2 != 0) throw Invalid("A pattern has two hexadecimal digits for each byte, or '??' for any byte: 0f 01 ?? c1.");
        if (digits.Length > 2 * Longest) throw Invalid($"A pattern has 1 to {Longest} bytes; this one has {digits.Length / 2}.");
        byte[] bytes = new byte[digits.Length / 2];
        bool[] isFixed = new bool[bytes.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            ReadOnlySpan<char> pair = digits.AsSpan(2 * i, 2);
            if (pair is "??") continue;
            if (!byte.TryParse(pair, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out bytes[i]))
                throw Invalid($"'{pair}' is not a byte of a pattern; write two hexadecimal digits, or '??' for any byte.");
            isFixed[i] = true;
        }
        return new BytePattern(bytes, isFixed);
    }

    /// <summary>The first place of the pattern at or after <paramref name="start"/>; -1 if there is none.</summary>
    public int IndexIn(ReadOnlySpan<byte> memory, int start)
    {
        ReadOnlySpan<byte> part = bytes.AsSpan(anchor, anchorLength);
        while (start + bytes.Length <= memory.Length)
        {
            int found = memory[(start + anchor)..].IndexOf(part);
            if (found < 0 || start + found + bytes.Length > memory.Length) return -1;
            start += found;
            if (Matches(memory.Slice(start, bytes.Length))) return start;
            start++;
        }
        return -1;
    }

    public override string ToString() => string.Join(' ', bytes.Select((value, i) => isFixed[i] ? $"{value:x2}" : "??"));

    private bool Matches(ReadOnlySpan<byte> memory)
    {
        for (int i = 0; i < bytes.Length; i++)
            if (isFixed[i] && memory[i] != bytes[i]) return false;
        return true;
    }

    private static LguestException Invalid(string problem) => new(LguestError.InvalidValue, problem);
}
