using System.Buffers.Text;

namespace LguestPS.Symbols;

/// <summary>Reads a System.map: a line for each symbol, with address, type and name, as <c>nm</c> prints them, also with sizes (<c>nm -S</c>).</summary>
internal static class SystemMap
{
    private const int PageSize = 4096;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>Whether a file that begins like this can be one.</summary>
    public static bool CanBegin(ReadOnlySpan<byte> start)
    {
        if (start.StartsWith(ByteOrderMark)) start = start[ByteOrderMark.Length..];
        start = start.TrimStart(" \t\r\n"u8);
        return start.IsEmpty || char.IsAsciiHexDigit((char)start[0]) || IsUndefined(start);
    }

    /// <exception cref="LguestException">InvalidImage, with the line that is wrong.</exception>
    public static SymbolTable Read(string path, byte[] text)
    {
        List<(uint Address, int Name, char Type)> found = [];
        int number = 0;
        for (int at = text.AsSpan().StartsWith(ByteOrderMark) ? ByteOrderMark.Length : 0; at < text.Length;)
        {
            number++;
            int rest = text.AsSpan(at).IndexOf((byte)'\n');
            int length = rest < 0 ? text.Length - at : rest;
            ReadOnlySpan<byte> line = text.AsSpan(at, length).TrimEnd("\r\t "u8);
            int indent = line.Length - line.TrimStart(" \t"u8).Length;
            if (indent < line.Length && !IsUndefined(line[indent..])) found.Add(ReadLine(path, number, line[indent..], at + indent));
            at += length + 1;
        }

        // Absolute symbols are constants as well as addresses: only those inside the kernel name anything in it.
        uint start = found.Where(symbol => char.ToLowerInvariant(symbol.Type) == 't').Select(symbol => symbol.Address).DefaultIfEmpty(uint.MaxValue).Min();
        if (found.Count == 0) throw SymbolFile.Invalid(path, "names no code of a kernel");
        uint? marked = found.Where(symbol => SymbolList.NameAt(text, symbol.Name).SequenceEqual("_end"u8)).Select(symbol => (uint?)symbol.Address).FirstOrDefault();
        uint end = marked ?? Math.Min(found.Max(symbol => symbol.Address), uint.MaxValue - PageSize) + PageSize;
        SymbolList symbols = new(text);
        foreach ((uint address, int name, char type) in found)
        {
            if (address < start || address > end) continue;
            if (!symbols.TryAdd(address, name, StrengthOf(type))) throw SymbolFile.Invalid(path, "has more symbols than any kernel");
        }
        return symbols.Count != 0 ? new SymbolTable(path, symbols, text, end) : throw SymbolFile.Invalid(path, "names no code of a kernel");
    }

    private static (uint Address, int Name, char Type) ReadLine(string path, int number, ReadOnlySpan<byte> line, int at)
    {
        if (!Utf8Parser.TryParse(line, out ulong address, out int type, 'x')) throw Damaged();
        // nm -S writes the size between address and type.
        if (line[type..] is [(byte)' ', _, not (byte)' ', ..] && Utf8Parser.TryParse(line[(type + 1)..], out ulong _, out int sizeDigits, 'x')) type += 1 + sizeDigits;
        if (line[type..] is not [(byte)' ', > (byte)' ', (byte)' ', > (byte)' ', ..]) throw Damaged();
        if (address > uint.MaxValue) throw SymbolFile.Invalid(path, "this address has more than 32 bits; lguest runs 32-bit kernels", number);
        return ((uint)address, at + type + 3, (char)line[type + 1]);

        LguestException Damaged() => SymbolFile.Invalid(path, "this is not 'address type name': the file is damaged, or not a System.map", number);
    }

    /// <summary>Whether a line names a symbol that the file only uses; it has no address.</summary>
    private static bool IsUndefined(ReadOnlySpan<byte> line) => line is [(byte)'U' or (byte)'w' or (byte)'v', (byte)' ', > (byte)' ', ..];

    private static SymbolStrength StrengthOf(char type) => type switch
    {
        'A' or 'a' => SymbolStrength.Absolute,
        'W' or 'w' or 'V' or 'v' => SymbolStrength.Weak,
        _ => SymbolStrength.Strong,
    };
}
