using System.Buffers.Binary;

namespace LguestPS.Histories;

/// <summary>What is not the same in two guests that stand still: registers, then words of memory.</summary>
internal static class StateDifference
{
    private const int MostWords = 8;
    private const uint Chunk = 1 << 16;

    public static bool IsSame(Guest left, Guest right) => Find(left, right, symbols: null, most: 1).Count == 0;

    /// <param name="left">One guest.</param>
    /// <param name="right">The other; of the same memory.</param>
    /// <param name="symbols">Name addresses, or null.</param>
    /// <param name="most">How many words of memory at most.</param>
    public static IReadOnlyList<DifferentValue> Find(Guest left, Guest right, SymbolTable? symbols, int most = MostWords)
    {
        List<DifferentValue> found = [];
        GuestRegisters one = left.Cpu.Registers, other = right.Cpu.Registers;
        foreach ((string name, Func<GuestRegisters, uint> read) in Registers)
            if (read(one) != read(other)) found.Add(new DifferentValue(name, read(one), read(other)));
        if (left.Machine.PageDirectory != right.Machine.PageDirectory) found.Add(new DifferentValue("cr3", left.Machine.PageDirectory, right.Machine.PageDirectory));
        if (left.Memory.Size != right.Memory.Size) return [.. found, new DifferentValue("memory", left.Memory.Size, right.Memory.Size)];
        int words = 0;
        for (uint at = 0; at < left.Memory.Size && words < most; at += Chunk)
        {
            uint length = Math.Min(Chunk, left.Memory.Size - at);
            ReadOnlySpan<byte> first = left.Memory.Read(at, length), second = right.Memory.Read(at, length);
            if (first.SequenceEqual(second)) continue;
            for (int i = 0; i < length && words < most; i += 4)
            {
                uint now = BinaryPrimitives.ReadUInt32LittleEndian(first[i..]), then = BinaryPrimitives.ReadUInt32LittleEndian(second[i..]);
                if (now == then) continue;
                words++;
                uint linear = at + (uint)i + left.Machine.PageOffset;
                found.Add(new DifferentValue(symbols?.Find(linear) is { } symbol ? $"[0x{linear:x8} <{symbol}>]" : $"[0x{linear:x8}]", now, then));
            }
        }
        return found;
    }

    private static readonly (string, Func<GuestRegisters, uint>)[] Registers =
    [
        ("eip", registers => registers.Eip), ("eax", registers => registers.Eax), ("ebx", registers => registers.Ebx), ("ecx", registers => registers.Ecx), ("edx", registers => registers.Edx),
        ("esi", registers => registers.Esi), ("edi", registers => registers.Edi), ("ebp", registers => registers.Ebp), ("esp", registers => registers.Esp), ("eflags", registers => registers.Eflags),
        ("cs", registers => registers.Cs), ("ss", registers => registers.Ss), ("ds", registers => registers.Ds), ("es", registers => registers.Es), ("fs", registers => registers.Fs), ("gs", registers => registers.Gs),
    ];
}
