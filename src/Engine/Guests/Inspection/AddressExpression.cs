using System.Globalization;

namespace LguestPS.Inspection;

/// <summary>An address as people write it: numbers, symbols and registers, added and subtracted: <c>0xc0100000</c>, <c>schedule+0x1a</c>, <c>ebp - 8</c>.</summary>
internal static class AddressExpression
{
    private const string DataSymbol = "lguest_data";
    private const int LongestShown = 80;

    /// <summary>The address an expression stands for.</summary>
    /// <param name="guest">Has the symbols and registers.</param>
    /// <param name="text">The expression; also as views print places, <c>&lt;schedule+0x1a&gt;</c>.</param>
    /// <param name="physical">True if a guest-physical address is wanted: then a symbol stands for its place in the kernel's mapping of all memory.</param>
    /// <exception cref="LguestException">InvalidAddress.</exception>
    public static uint Evaluate(Guest guest, string text, bool physical)
    {
        ReadOnlySpan<char> left = text.AsSpan().Trim();
        if (left is ['<', .., '>']) left = left[1..^1].Trim();
        if (left.IsEmpty) throw Invalid($"'{Shown(text)}' is not an address; write a number, a symbol or a register, such as 0xc0100000, schedule+0x1a or esp");

        long sum = 0;
        char sign = '+';
        while (true)
        {
            int length = left.IndexOfAny('+', '-');
            ReadOnlySpan<char> term = (length < 0 ? left : left[..length]).Trim();
            long value = Term(guest, text, term, physical);
            sum += sign == '+' ? value : -value;
            if (sum is < -uint.MaxValue or > 2L * uint.MaxValue) break;
            if (length < 0) return sum is >= 0 and <= uint.MaxValue ? (uint)sum : throw OutOfRange(text, sum);
            sign = left[length];
            left = left[(length + 1)..];
        }
        throw OutOfRange(text, sum);
    }

    private static long Term(Guest guest, string text, ReadOnlySpan<char> term, bool physical)
    {
        if (term.IsEmpty) throw Invalid($"'{Shown(text)}' is not an address: something is missing next to '+' or '-'");
        if (char.IsAsciiDigit(term[0]))
        {
            bool hex = term.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
            if (hex ? uint.TryParse(term[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint number)
                : uint.TryParse(term, NumberStyles.None, CultureInfo.InvariantCulture, out number)) return number;
            throw Invalid($"'{Shown(term)}' is not a number of 32 bits; write 0x and hexadecimal digits, or decimal ones");
        }

        string name = term.ToString();
        if (RegisterFile.TryRead(guest, name) is { } register) return register;
        uint linear = AddressOf(guest, name);
        if (!physical) return linear;
        return linear >= guest.Machine.PageOffset ? linear - guest.Machine.PageOffset
            : throw Invalid($"'{name}' is at 0x{linear:x8}, below the kernel's mapping of all memory at 0x{guest.Machine.PageOffset:x8}, so it has no guest-physical address of its own");
    }

    private static uint AddressOf(Guest guest, string name)
    {
        SymbolTable? symbols = guest.Symbols;
        if (symbols?.AddressOf(name) is { } found) return found;
        // The guest has told where this is, whatever its symbols are.
        if (name == DataSymbol && guest.Data.IsInitialised) return guest.Data.Address + guest.Machine.PageOffset;
        if (symbols is null)
            throw Invalid($"Guest '{guest.Name}' has no symbols to find '{Shown(name)}' in; name its System.map as 'symbols' in its definition, or give a number");
        string hint = DefinitionText.Nearest(name, symbols.Names) is { } near ? $"; did you mean '{near}'?" : "";
        throw Invalid($"'{Shown(name)}' is neither a register nor a symbol of {Path.GetFileName(symbols.Source)}{hint}");
    }

    private static LguestException OutOfRange(string text, long sum) =>
        Invalid($"'{Shown(text)}' is {(sum < 0 ? "negative" : $"0x{sum:x}")}; addresses have 32 bits");

    private static LguestException Invalid(string problem) => new(LguestError.InvalidAddress, problem);

    /// <summary>What a user wrote, short enough and without anything a terminal would act on.</summary>
    private static string Shown(ReadOnlySpan<char> text)
    {
        string start = new(text[..Math.Min(text.Length, LongestShown)]);
        return string.Concat(start.Select(c => char.IsControl(c) ? '?' : c)) + (text.Length > LongestShown ? "…" : "");
    }
}
