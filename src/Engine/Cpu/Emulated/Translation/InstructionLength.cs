using Iced.Intel;

namespace LguestPS.Cpu.Emulated;

/// <summary>How long an instruction would be that cannot be run: one of more than fifteen bytes is a protection fault before it is an invalid opcode.</summary>
internal static class InstructionLength
{
    private const int Escape = 0x0F, OperandSize = 0x66, AddressSize = 0x67;

    /// <summary>Prefixes beside which no opcode with all that can follow it makes more than fifteen bytes.</summary>
    private const int HarmlessPrefixes = 2;

    public static bool IsPrefix(byte value) => value is 0x26 or 0x2E or 0x36 or 0x3E or 0x64 or 0x65 or OperandSize or AddressSize or 0xF0 or 0xF2 or 0xF3;

    /// <param name="code">What was fetched, from the first prefix on; what lies after it is taken for zeros.</param>
    /// <param name="isShortCode">It stands in a segment of 16-bit code.</param>
    public static bool IsTooLong(ReadOnlySpan<byte> code, bool isShortCode)
    {
        int prefixes = 0;
        while (prefixes < code.Length && IsPrefix(code[prefixes])) prefixes++;
        if (prefixes <= HarmlessPrefixes) return false;

        byte[] rest = new byte[InstructionReader.MaxInstructionBytes];
        code[prefixes..Math.Min(code.Length, prefixes + rest.Length)].CopyTo(rest);
        int opcode = rest[0] != Escape ? 1 : rest[1] is 0x38 or 0x3A ? 3 : 2;
        int length = prefixes + opcode;
        bool isWord = code[..prefixes].Contains((byte)OperandSize) != isShortCode, isShort = code[..prefixes].Contains((byte)AddressSize) != isShortCode;
        if (rest[0] is >= 0xA0 and <= 0xA3) length += isShort ? 2 : 4;      // mov with an address and no ModR/M byte
        else if (OperandsOf(rest, opcode, isWord) is { } operands) length += operands.Immediate + (operands.HasModRm ? ModRmBytes(rest, opcode, isShort) : 0);

        return length > InstructionReader.MaxInstructionBytes;
    }

    /// <summary>What follows an opcode, whatever its digit, operand and mandatory prefix: as in its nearest relative that exists.</summary>
    /// <returns>Null if there is none: then nothing follows it.</returns>
    private static (bool HasModRm, int Immediate)? OperandsOf(byte[] rest, int opcode, bool isWord)
    {
        if (opcode == 3) return (true, rest[1] == 0x3A ? 1 : 0);
        byte[] code = new byte[1 + rest.Length];
        foreach (byte prefix in (ReadOnlySpan<byte>)[isWord ? (byte)OperandSize : (byte)0x3E, 0x3E, OperandSize, 0xF3, 0xF2])
        {
            for (int other = 0; other < 16; other++)
            {
                // The digit and then register or memory as it is, and then all others.
                rest.CopyTo(code, 1);
                code[0] = prefix;
                int mod = rest[opcode] >> 6 == 3 ^ other >= 8 ? 0xC0 : 0;
                code[1 + opcode] = (byte)(mod | (rest[opcode] ^ (other & 7) << 3) & 0x38);
                Decoder decoder = Decoder.Create(32, code, InstructionSet.Decoding);
                decoder.Decode(out Instruction instruction);
                if (!InstructionSet.Has(instruction.Code)) continue;
                ConstantOffsets constants = decoder.GetConstantOffsets(instruction);
                int immediate = constants.ImmediateSize + constants.ImmediateSize2;
                return (instruction.Length > 1 + opcode + immediate, immediate);
            }
        }

        return null;
    }

    /// <summary>Bytes of ModR/M, SIB and displacement.</summary>
    private static int ModRmBytes(byte[] code, int at, bool isShort)
    {
        int mod = code[at] >> 6, rm = code[at] & 7;
        bool movesControlRegister = code[0] == Escape && code[1] is >= 0x20 and <= 0x23;      // mod means nothing there
        if (mod == 3 || movesControlRegister) return 1;
        if (isShort) return mod == 1 ? 2 : mod == 2 || rm == 6 ? 3 : 1;
        int bytes = rm == 4 ? 2 : 1;
        bool isAbsolute = mod == 0 && (rm == 5 || (rm == 4 && (code[at + 1] & 7) == 5));
        return bytes + (mod == 1 ? 1 : mod == 2 || isAbsolute ? 4 : 0);
    }
}
