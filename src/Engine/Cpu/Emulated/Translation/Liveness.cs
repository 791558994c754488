using Iced.Intel;

namespace LguestPS.Cpu.Emulated;

/// <summary>Finds the instructions whose flags cannot be seen: overwritten in the same block, before anything reads them or could fault.</summary>
/// <remarks>
/// If what overwrites them is itself replaced, by a store earlier in the block, they are seen after all. Such a store is a slow handler's,
/// and so its own flags are right whatever is said here; those before it are seen because it could fault.
/// </remarks>
internal static class Liveness
{
    private const RflagsBits Status = RflagsBits.OF | RflagsBits.SF | RflagsBits.ZF | RflagsBits.AF | RflagsBits.CF | RflagsBits.PF;

    /// <param name="instructions">The block.</param>
    /// <param name="count">How many instructions it has.</param>
    /// <param name="flagsSeen">For each, set to whether its flags must be kept.</param>
    public static void Find(Instruction[] instructions, int count, bool[] flagsSeen)
    {
        RflagsBits live = Status;
        for (int i = count - 1; i >= 0; i--)
        {
            ref readonly Instruction instruction = ref instructions[i];
            RflagsBits modified = instruction.RflagsModified;
            flagsSeen[i] = (modified & live) != 0;
            if (!MayKeepFlags(instruction)) live &= ~modified;
            live |= instruction.RflagsRead & Status;
            if (MayFault(instruction)) live = Status;
        }
    }

    /// <summary>A shift by cl leaves the flags alone if cl is zero.</summary>
    private static bool MayKeepFlags(in Instruction instruction) =>
        instruction.Mnemonic is Mnemonic.Shl or Mnemonic.Sal or Mnemonic.Shr or Mnemonic.Sar or Mnemonic.Rol or Mnemonic.Ror
            or Mnemonic.Rcl or Mnemonic.Rcr or Mnemonic.Shld or Mnemonic.Shrd;

    private static bool MayFault(in Instruction instruction)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Lea or Mnemonic.Nop:
                return false;
            case Mnemonic.Mov or Mnemonic.Movzx or Mnemonic.Movsx or Mnemonic.Test or Mnemonic.Cmp or Mnemonic.Add or Mnemonic.Or
                or Mnemonic.Adc or Mnemonic.Sbb or Mnemonic.And or Mnemonic.Sub or Mnemonic.Xor or Mnemonic.Inc or Mnemonic.Dec
                or Mnemonic.Neg or Mnemonic.Not or Mnemonic.Shl or Mnemonic.Sal or Mnemonic.Shr or Mnemonic.Sar or Mnemonic.Rol
                or Mnemonic.Ror or Mnemonic.Rcl or Mnemonic.Rcr or Mnemonic.Shld or Mnemonic.Shrd or Mnemonic.Imul or Mnemonic.Mul
                or Mnemonic.Bt or Mnemonic.Bts or Mnemonic.Btr or Mnemonic.Btc or Mnemonic.Bsf or Mnemonic.Bsr or Mnemonic.Xchg
                or Mnemonic.Xadd or Mnemonic.Cmpxchg or Mnemonic.Bswap or Mnemonic.Cdq or Mnemonic.Cwde or Mnemonic.Cbw or Mnemonic.Cwd:
                return HasMemoryOperand(instruction);
            case Mnemonic.Fcmovb or Mnemonic.Fcmove or Mnemonic.Fcmovbe or Mnemonic.Fcmovu
                or Mnemonic.Fcmovnb or Mnemonic.Fcmovne or Mnemonic.Fcmovnbe or Mnemonic.Fcmovnu:
                return true;
            default:
                return instruction.ConditionCode == ConditionCode.None || HasMemoryOperand(instruction);
        }
    }

    private static bool HasMemoryOperand(in Instruction instruction)
    {
        for (int i = 0; i < instruction.OpCount; i++)
            if (instruction.GetOpKind(i) == OpKind.Memory || instruction.GetOpKind(i) == OpKind.Register && !instruction.GetOpRegister(i).IsGPR()) return true;
        return false;
    }
}
