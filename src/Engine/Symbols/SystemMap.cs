using System.Buffers.Text;

namespace LguestPS.Symbols;

/// <summary>Reads a System.map: a line for each symbol, with address, type and name, as <c>nm</c> prints them.</summary>
internal static class SystemMap
{
    private const int PageSize = 4096;

    /// <exception cref="LguestException">InvalidImage, with the line that is wrong.</exception>
    public static SymbolTable Read(string path, byte[] text)
    {
        List<(uint Address, int Name, char Type)> found = [];
        int number = 0;
        for (int at = 0; at < text.Length;)
        {
            number++;
            int rest = text.AsSpan(at).IndexOf((byte)'\n');
            int length = rest < 0 ? text.Length - at : rest;
            ReadOnlySpan<byte> line = text.AsSpan(at, length).TrimEnd("\r "u8);
            if (line.Length != 0) found.Add(ReadLine(path, number, line, at));
            at += length + 1;
        }

        // Absolute symbols are constants as well as addresses: only those inside the kernel name anything in it.
        uint start = found.Where(symbol => char.ToLowerInvariant(symbol.Type) == 't').Select(symbol => symbol.Address).DefaultIfEmpty(uint.MaxValue).Min();
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
        if (!Utf8Parser.TryParse(line, out ulong address, out int digits, 'x') || line.Length < digits + 4 || line[digits] != ' ' || line[digits + 2] != ' ' || line[digits + 3] <= (byte)' ')
            throw SymbolFile.Invalid(path, "this is no 'address type name': the file is damaged, or not a System.map", number);
        if (address > uint.MaxValue) throw SymbolFile.Invalid(path, "this address has more than 32 bits; lguest runs 32-bit kernels", number);
        return ((uint)address, at + digits + 3, (char)line[digits + 1]);
    }

    private static SymbolStrength StrengthOf(char type) => type switch
    {
        'A' or 'a' => SymbolStrength.Absolute,
        'W' or 'w' or 'V' or 'v' => SymbolStrength.Weak,
        _ => SymbolStrength.Strong,
    };
}
