using Iced.Intel;
using LguestPS.Cpu.Emulated;

namespace LguestPS.Tests.Cpu.Sweep;

/// <summary>One encoding: prefixes, opcode, and the byte that may be a ModR/M byte, an immediate or the next instruction.</summary>
internal readonly record struct Encoding(byte[] Prefixes, byte[] Opcode, byte Operand, byte Filling)
{
    public int Mod => Operand >> 6;

    public int Digit => Operand >> 3 & 7;

    /// <summary>The encoding as it is run. What follows it is int3, so where it stops tells how long it was.</summary>
    public byte[] Bytes => [.. Prefixes, .. Opcode, Operand, Filling, 0xCC, 0xCC, 0xCC, 0xCC, 0xCC, 0xCC, 0xCC];

    public override string ToString() => Convert.ToHexString(Bytes[..(Prefixes.Length + Opcode.Length + 2)]);
}

/// <summary>Every opcode of the four maps under every combination of prefixes that can matter, with every ModR/M byte.</summary>
internal static class EncodingSpace
{
    private static readonly byte[][] prefixes =
    [
        [], [0x66], [0xF2], [0xF3], [0xF0], [0x66, 0xF2], [0x66, 0xF3], [0xF2, 0xF3], [0xF3, 0xF2], [0xF0, 0x66], [0xF0, 0xF2], [0xF0, 0xF3],
        [0x65], [0x67, 0x65], [0x2E, 0x3E],
        // So many that the instruction ends with its fifteenth byte, or goes on.
        [.. Enumerable.Repeat((byte)0x3E, 11)], [.. Enumerable.Repeat((byte)0x3E, 12)], [.. Enumerable.Repeat((byte)0x3E, 13)],
    ];

    private static readonly byte[][] opcodes = [.. Opcodes()];

    public static int Count => prefixes.Length * opcodes.Length * 256;

    /// <summary>The encoding with a number from 0 up to <see cref="Count"/>; neighbours differ in their prefixes.</summary>
    public static Encoding At(int number)
    {
        byte[] chosen = prefixes[number % prefixes.Length];
        number /= prefixes.Length;
        byte[] opcode = opcodes[number % opcodes.Length];
        number /= opcodes.Length;
        return new Encoding(chosen, opcode, (byte)number, (byte)(number % 3 == 0 ? 0x05 : 0xCC));
    }

    /// <summary>False for what would leave the oracle's process (Linux's system calls), and for all but one of those that do not use the operand byte.</summary>
    public static bool IsWorthRunning(in Encoding encoding, int bitness)
    {
        switch (encoding.Opcode)
        {
            case [0xCD] when encoding.Operand == 0x80:
            case [0x0F, 0x05] or [0x0F, 0x34]:
                return false;
            default:
                if (encoding.Operand == 0xCC) return true;
                Decoder.Create(bitness, encoding.Bytes, InstructionSet.Decoding).Decode(out Instruction instruction);
                return instruction.IsInvalid || instruction.Length > encoding.Prefixes.Length + encoding.Opcode.Length;
        }
    }

    private static IEnumerable<byte[]> Opcodes()
    {
        for (int i = 0; i < 256; i++)
        {
            byte opcode = (byte)i;
            if (opcode is not (0x0F or 0x26 or 0x2E or 0x36 or 0x3E or 0x64 or 0x65 or 0x66 or 0x67 or 0xF0 or 0xF2 or 0xF3)) yield return [opcode];
            if (opcode is not (0x38 or 0x3A)) yield return [0x0F, opcode];
            yield return [0x0F, 0x38, opcode];
            yield return [0x0F, 0x3A, opcode];
        }
    }

    /// <summary>A case for it: registers that lead into the data window; in 16-bit code through ds and es, and elsewhere with 16-bit addresses through gs.</summary>
    /// <param name="encoding">The encoding.</param>
    /// <param name="selectors">Of the data segments.</param>
    /// <param name="bitness">32, or 16 for code in <see cref="SweepData.Local"/>.</param>
    public static TestCase CaseFor(in Encoding encoding, ushort[] selectors, int bitness)
    {
        Decoder decoder = Decoder.Create(bitness, encoding.Bytes, InstructionSet.Decoding);
        decoder.Decode(out Instruction instruction);
        uint undefined = FlagUse.UndefinedBy(instruction);
        bool isShort = bitness == 16 || encoding.Prefixes.Contains((byte)0x67);
        ushort data = bitness == 32 ? SnippetGenerator.UserData : selectors[0];
        uint[] gpr = isShort ? [0x80, 5, 0x40, 0x100, SweepData.Stack, 0x140, 0x200, 0x400] : [
            SweepData.Operand(0), 5, SweepData.Operand(2), SweepData.Operand(3), SweepData.Stack, SweepData.Operand(5), SweepData.Operand(6), SweepData.Operand(7)];
        TestCase flat = new(
            [new Piece(encoding.Bytes, new FlagUse(0, 0, undefined, false, false))], gpr, 0x203,
            data, data, 0, selectors[0], 0x100, [], false);
        return bitness == 32 ? flat : flat with { Bitness = 16, Cs = Oracle.LocalSelector(SweepData.ShortCodeEntry), StartEip = (uint)flat.CodeOffset };
    }
}

/// <summary>What the window and the extended registers hold for every encoding.</summary>
internal static class SweepData
{
    public const uint Stack = Oracle.DataBase + 0x1800;

    private const uint Landing = Oracle.CodeBase + 0x800;

    /// <summary>The entry of a segment of 16-bit code over the code page; the last, which no case names by chance.</summary>
    public const int ShortCodeEntry = Oracle.LocalSegments - 1;

    /// <summary>A process's own descriptors, for 16-bit code.</summary>
    public static UserSegment[] Local()
    {
        var local = new UserSegment[Oracle.LocalSegments];
        local[ShortCodeEntry] = new UserSegment(0, Oracle.CodeBase, 0xFFFF, UserSegment.IsCode | UserSegment.Usable);
        return local;
    }

    public static uint Operand(int register) => Oracle.DataBase + 0x100 + (uint)register * 0x240;

    /// <summary>Numbers of every kind; at the operands and on the stack an address to land at, a selector, flags and a stack for what returns.</summary>
    public static byte[] Window()
    {
        byte[] data = SnippetGenerator.Data();
        foreach (uint at in (uint[])[Operand(0), Operand(2), Operand(3), Operand(5), Operand(6), Operand(7), Stack])
        {
            uint[] frame = [Landing, SnippetGenerator.UserCode, 0x202, Stack, SnippetGenerator.UserData, 0x3F800000, 0x40490FDB, 0xBF000000];
            for (int i = 0; i < frame.Length; i++) BitConverter.TryWriteBytes(data.AsSpan((int)(at - Oracle.DataBase) + i * 4), frame[i]);
        }

        return data;
    }

    /// <summary>x87 registers that are in use, and xmm registers of singles, doubles and integers.</summary>
    public static byte[] Image()
    {
        byte[] image = Oracle.InitialImage();
        image[4] = 0xFF;
        for (int i = 0; i < 8; i++)
        {
            Span<byte> st = image.AsSpan(32 + i * 16, 10), xmm = image.AsSpan(160 + i * 16, 16);
            BitConverter.TryWriteBytes(st, 0xC90FDAA22168C235ul >> i | 1ul << 63);
            BitConverter.TryWriteBytes(st[8..], (ushort)((i % 2 == 0 ? 0x3FFF : 0xBFFF) + i));
            for (int lane = 0; lane < 4; lane++) BitConverter.TryWriteBytes(xmm[(lane * 4)..], (i + 1) * 1.25f * (lane - 1.5f));
            if (i % 3 == 1) for (int lane = 0; lane < 2; lane++) BitConverter.TryWriteBytes(xmm[(lane * 8)..], (i + 1) * 3.75 * (lane - 0.5));
            if (i % 3 == 2) for (int lane = 0; lane < 4; lane++) BitConverter.TryWriteBytes(xmm[(lane * 4)..], 0x7FFE8001 * (i + lane));
        }

        return image;
    }
}
