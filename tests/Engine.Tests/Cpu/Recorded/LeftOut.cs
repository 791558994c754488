using Iced.Intel;

namespace LguestPS.Tests.Cpu.Recorded;

/// <summary>Recordings whose meaning is bound to real mode or to the recorded processor, and why.</summary>
internal static class LeftOut
{
    /// <summary>The last address that real-mode segments reach.</summary>
    public const uint Top = 0x110000;

    /// <summary>A processor of before the 386 takes a longer instruction for an invalid one.</summary>
    private const int LongestBefore386 = 10;

    /// <returns>The reason, or null if it can be run.</returns>
    public static string? Reason(RecordedTest test, in Instruction instruction, bool isBefore386)
    {
        if (test.Before.Memory.Any(entry => entry.Address >= Top) || test.After.Memory.Any(entry => entry.Address >= Top)) return "memory above what real mode reaches";
        if (isBefore386 && LengthOf(test.Code, instruction) > LongestBefore386) return "longer than 10 bytes: invalid before the 386 only";
        if (isBefore386 && Prefixes(test.Code).Contains((byte)0xF0)) return "lock: allowed everywhere before the 386";
        if (WritesCode(instruction)) return "writes to its code segment, which protected mode forbids";
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Lds or Mnemonic.Les or Mnemonic.Lfs or Mnemonic.Lgs or Mnemonic.Lss:
                return "loads a segment register";
            case Mnemonic.Mov or Mnemonic.Pop when IsSegmentRegister(instruction, 0):
                return "loads a segment register";
            case Mnemonic.Mov when IsSegmentRegister(instruction, 1):
            case Mnemonic.Push when IsSegmentRegister(instruction, 0):
                return "stores a selector";
            case Mnemonic.Iret or Mnemonic.Iretd or Mnemonic.Retf:
                return "far transfer";
            case Mnemonic.Jmp or Mnemonic.Call when IsFar(instruction):
                return "far transfer";
            case Mnemonic.In or Mnemonic.Out or Mnemonic.Insb or Mnemonic.Insw or Mnemonic.Insd or Mnemonic.Outsb or Mnemonic.Outsw or Mnemonic.Outsd:
                return "input and output: a guest has none";
            case Mnemonic.Cli or Mnemonic.Sti or Mnemonic.Hlt or Mnemonic.Clts or Mnemonic.Lmsw or Mnemonic.Lgdt or Mnemonic.Lidt:
                return "needs ring 0";
            case Mnemonic.Mov when IsControlRegister(instruction, 0) || IsControlRegister(instruction, 1):
                return "needs ring 0";
            case Mnemonic.Sgdt or Mnemonic.Sidt or Mnemonic.Smsw:
                return "shows the system's registers";
            case Mnemonic.Sldt or Mnemonic.Str or Mnemonic.Lldt or Mnemonic.Ltr or Mnemonic.Verr or Mnemonic.Verw or Mnemonic.Lar or Mnemonic.Lsl or Mnemonic.Arpl:
                return "exists in protected mode only";
            default:
                return IsFloatingPoint(test.Code) ? "floating point: recorded without a coprocessor" : null;
        }
    }

    private static bool IsFar(in Instruction instruction) =>
        instruction.Op0Kind is OpKind.FarBranch16 or OpKind.FarBranch32
        || instruction.Op0Kind == OpKind.Memory && instruction.MemorySize is MemorySize.SegPtr16 or MemorySize.SegPtr32;

    private static bool IsSegmentRegister(in Instruction instruction, int operand) =>
        instruction.OpCount > operand && instruction.GetOpKind(operand) == OpKind.Register && instruction.GetOpRegister(operand).IsSegmentRegister();

    private static bool IsControlRegister(in Instruction instruction, int operand) =>
        instruction.OpCount > operand && instruction.GetOpKind(operand) == OpKind.Register && instruction.GetOpRegister(operand) is >= Register.CR0 and <= Register.TR7;

    /// <summary>How long it is, or would be if its digit did exist.</summary>
    private static int LengthOf(byte[] code, in Instruction instruction)
    {
        int digit = Prefixes(code).Length + 1;
        if (!instruction.IsInvalid || digit >= code.Length) return instruction.Length;
        byte[] valid = [.. code];
        valid[digit] &= 0xC7;
        Decoder decoder = Decoder.Create(16, [.. valid, .. new byte[LongestBefore386]]);
        return decoder.Decode().Length;
    }

    private static bool WritesCode(in Instruction instruction)
    {
        if (instruction.MemorySegment != Register.CS) return false;
        foreach (UsedMemory memory in new InstructionInfoFactory().GetInfo(instruction).GetUsedMemory())
            if (memory.Segment == Register.CS && memory.Access is not (OpAccess.Read or OpAccess.CondRead)) return true;
        return false;
    }

    private static bool IsFloatingPoint(byte[] code)
    {
        int opcode = Prefixes(code).Length;
        return opcode < code.Length && code[opcode] is (>= 0xD8 and <= 0xDF) or 0x9B;
    }

    private static byte[] Prefixes(byte[] code) =>
        [.. code.TakeWhile(value => value is 0x26 or 0x2E or 0x36 or 0x3E or 0x64 or 0x65 or 0x66 or 0x67 or 0xF0 or 0xF2 or 0xF3)];
}
