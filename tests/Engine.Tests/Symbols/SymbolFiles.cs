using System.Text;

namespace LguestPS.Tests.Symbols;

/// <summary>Files with symbols, made in the test.</summary>
internal static class SymbolFiles
{
    public const byte LocalFunction = 0x02, GlobalFunction = 0x12, GlobalData = 0x11, Weak = 0x22, SectionType = 0x03, FileType = 0x04;
    public const ushort Undefined = 0, Text = 1, Absolute = 0xFFF1;

    private const int SectionHeaderSize = 40;
    private const int SymbolSize = 16;

    public sealed record Symbol(uint Address, string Name, byte Info = GlobalFunction, ushort Section = Text, uint Size = 0);

    /// <summary>The kernel all tests boot, with room after it, and these symbols.</summary>
    public static byte[] Kernel(params Symbol[] symbols) => WithSymbols(
        KernelFiles.Elf(new KernelFiles.Segment(KernelFiles.Physical, [.. KernelFiles.Signature, .. Enumerable.Repeat((byte)0x90, 19)], Size: 0x200000 - 0x8000)), symbols);

    /// <summary>An ELF file with a symbol table after everything else: symbols, names, then the headers of both.</summary>
    public static byte[] WithSymbols(byte[] elf, params Symbol[] symbols)
    {
        List<byte> table = [.. new byte[SymbolSize]], names = [0];
        foreach (Symbol symbol in symbols)
        {
            byte[] entry = new byte[SymbolSize];
            KernelFiles.Put32(entry, 0, (uint)names.Count);
            KernelFiles.Put32(entry, 4, symbol.Address);
            KernelFiles.Put32(entry, 8, symbol.Size);
            entry[12] = symbol.Info;
            KernelFiles.Put16(entry, 14, symbol.Section);
            table.AddRange(entry);
            names.AddRange(Encoding.UTF8.GetBytes(symbol.Name + "\0"));
        }

        int headers = elf.Length + table.Count + names.Count;
        byte[] file = [.. elf, .. table, .. names, .. new byte[3 * SectionHeaderSize]];
        PutSection(1, type: 2, offset: elf.Length, size: table.Count, link: 2);
        PutSection(2, type: 3, offset: elf.Length + table.Count, size: names.Count, link: 0);
        KernelFiles.Put32(file, 32, (uint)headers);
        KernelFiles.Put16(file, 46, SectionHeaderSize);
        KernelFiles.Put16(file, 48, 3);
        return file;

        void PutSection(int index, uint type, int offset, int size, uint link)
        {
            int at = headers + index * SectionHeaderSize;
            KernelFiles.Put32(file, at + 4, type);
            KernelFiles.Put32(file, at + 16, (uint)offset);
            KernelFiles.Put32(file, at + 20, (uint)size);
            KernelFiles.Put32(file, at + 24, link);
        }
    }
}
