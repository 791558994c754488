using System.Buffers.Binary;

namespace LguestPS.Symbols;

/// <summary>Reads the symbol table of a 32-bit x86 ELF executable; of the file, only that.</summary>
internal static class ElfSymbols
{
    private const int HeaderSize = 52;
    private const int ProgramHeaderSize = 32;
    private const int SectionHeaderSize = 40;
    private const int SymbolSize = 16;
    private const int LargestPart = 256 << 20;

    private const byte Class32 = 1;
    private const byte LittleEndian = 1;
    private const ushort Machine386 = 3;
    private const uint SegmentLoad = 1;
    private const uint SectionSymbols = 2;
    private const ushort Undefined = 0;
    private const ushort Absolute = 0xFFF1;
    private const int WeakBinding = 2;
    private const int FunctionType = 2;     // the highest of: no type, data, code

    /// <returns>Null if the file was stripped.</returns>
    /// <exception cref="LguestException">InvalidImage.</exception>
    public static SymbolTable? Read(string path, FileStream file, long length)
    {
        byte[] header = Part(path, file, length, 0, HeaderSize, "its ELF header");
        if (header[4] != Class32 || header[5] != LittleEndian || U16(header, 18) != Machine386)
            throw SymbolFile.Invalid(path, $"is an ELF file for another machine (class {header[4]}, machine {U16(header, 18)}); lguest runs 32-bit x86 kernels");

        (uint start, uint end) = LoadedRange(path, file, length, header);
        byte[] sections = Table(path, file, length, U32(header, 32), U16(header, 46), U16(header, 48), SectionHeaderSize, "its section headers");
        for (int section = 0; section < sections.Length; section += SectionHeaderSize)
        {
            if (U32(sections, section + 4) != SectionSymbols) continue;
            uint names = U32(sections, section + 24);
            if (names >= sections.Length / SectionHeaderSize) throw SymbolFile.Invalid(path, "has a symbol table without names: it is damaged");
            byte[] symbols = Contents(path, file, length, sections, section, "its symbol table");
            byte[] text = Contents(path, file, length, sections, (int)names * SectionHeaderSize, "the names of its symbols");
            SymbolList list = Collect(path, symbols, text, start, end);
            return list.Count == 0 ? null : new SymbolTable(path, list, text, end);
        }
        return null;
    }

    private static SymbolList Collect(string path, byte[] symbols, byte[] text, uint start, uint end)
    {
        SymbolList list = new(text);
        for (int symbol = 0; symbol + SymbolSize <= symbols.Length; symbol += SymbolSize)
        {
            uint name = U32(symbols, symbol), address = U32(symbols, symbol + 4);
            int binding = symbols[symbol + 12] >> 4, type = symbols[symbol + 12] & 15;
            ushort section = U16(symbols, symbol + 14);
            if (section == Undefined || type > FunctionType || address < start || address > end) continue;
            if (name >= text.Length) throw SymbolFile.Invalid(path, $"has no name for symbol {symbol / SymbolSize}: it is damaged");
            if (text[name] is 0 or (byte)'.') continue;

            SymbolStrength strength = section == Absolute ? SymbolStrength.Absolute : binding == WeakBinding ? SymbolStrength.Weak : SymbolStrength.Strong;
            if (!list.TryAdd(address, (int)name, strength, U32(symbols, symbol + 8))) throw SymbolFile.Invalid(path, "has more symbols than any kernel");
        }
        return list;
    }

    /// <summary>The linear addresses the kernel occupies.</summary>
    private static (uint Start, uint End) LoadedRange(string path, FileStream file, long length, byte[] header)
    {
        byte[] segments = Table(path, file, length, U32(header, 28), U16(header, 42), U16(header, 44), ProgramHeaderSize, "its program headers");
        (uint start, ulong end) = (uint.MaxValue, 0);
        for (int segment = 0; segment < segments.Length; segment += ProgramHeaderSize)
        {
            if (U32(segments, segment) != SegmentLoad) continue;
            uint address = U32(segments, segment + 8);
            start = Math.Min(start, address);
            end = Math.Max(end, (ulong)address + U32(segments, segment + 20));
        }
        return (start, (uint)Math.Min(end, uint.MaxValue));
    }

    private static byte[] Contents(string path, FileStream file, long length, byte[] sections, int section, string what) =>
        Part(path, file, length, U32(sections, section + 16), U32(sections, section + 20), what);

    private static byte[] Table(string path, FileStream file, long length, uint offset, int entrySize, int count, int expectedSize, string what)
    {
        if (offset == 0 || count == 0) return [];
        if (entrySize != expectedSize) throw SymbolFile.Invalid(path, $"has {what} in an unknown format");
        return Part(path, file, length, offset, (long)entrySize * count, what);
    }

    private static byte[] Part(string path, FileStream file, long length, uint offset, long size, string what)
    {
        if (offset + size > length || size > LargestPart) throw SymbolFile.Invalid(path, $"has {what} outside the file: it is cut off or damaged");
        return SymbolFile.ReadAt(file, offset, (int)size);
    }

    private static ushort U16(byte[] bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));

    private static uint U32(byte[] bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));
}
