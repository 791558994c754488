using Iced.Intel;
using LguestPS.Segments;

namespace LguestPS.Cpu.Emulated;

/// <summary>From a decoded instruction to its operation: interrupts, segments, descriptor tables, and what only a kernel in ring 0 may do.</summary>
internal sealed unsafe partial class Translator
{
    private void EmitSystem(in Instruction instruction)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Int: EmitInterrupt(instruction, (byte)instruction.GetImmediate(0)); break;
            case Mnemonic.Int3: EmitInterrupt(instruction, Vector.Breakpoint); break;
            case Mnemonic.Into:
                Operation* op = Begin(instruction);
                op->Immediate = Vector.Overflow;
                End(op, SystemHandlers.SelectInterruptIfOverflow());
                break;
            case Mnemonic.Int1: End(Begin(instruction), SystemHandlers.SelectDebugInterrupt()); break;
            case Mnemonic.Wait: EmitPlain<WaitForFpu>(instruction); break;
            case Mnemonic.Fxsave or Mnemonic.Fxrstor: EmitExtendedState(instruction); break;
            case Mnemonic.Cpuid: EmitPlain<Identify>(instruction); break;
            case Mnemonic.Rdtsc: End(Begin(instruction), Select.Leaving<ReadTimeStamp>()); break;
            case Mnemonic.Bound: EmitWithAddress(instruction, instruction.Code == Code.Bound_r16_m1616 ? Select.Rare<CheckBounds<Bits16>>() : Select.Rare<CheckBounds<Bits32>>()); break;
            case Mnemonic.Lds: EmitLoadFarPointer(instruction, SegmentNumber.Ds); break;
            case Mnemonic.Les: EmitLoadFarPointer(instruction, SegmentNumber.Es); break;
            case Mnemonic.Lfs: EmitLoadFarPointer(instruction, SegmentNumber.Fs); break;
            case Mnemonic.Lgs: EmitLoadFarPointer(instruction, SegmentNumber.Gs); break;
            case Mnemonic.Lss: EmitLoadFarPointer(instruction, SegmentNumber.Ss); break;
            case Mnemonic.Lar: EmitSelectorQuery<LoadAccessRights>(instruction); break;
            case Mnemonic.Lsl: EmitSelectorQuery<LoadSegmentLimit>(instruction); break;
            case Mnemonic.Verr: EmitVerify<VerifyRead>(instruction); break;
            case Mnemonic.Verw: EmitVerify<VerifyWrite>(instruction); break;
            case Mnemonic.Arpl: EmitModifyWithRegister<AdjustRequestedLevel>(instruction); break;
            case Mnemonic.Sgdt: EmitWithAddress(instruction, Select.Rare<StoreDescriptorTable>())->Immediate = DescriptorTable.Entries * 8 - 1; break;
            case Mnemonic.Sidt: EmitWithAddress(instruction, Select.Rare<StoreDescriptorTable>())->Immediate = 256 * 8 - 1; break;
            case Mnemonic.Sldt: EmitSystemWord<StoreConstant>(instruction, 0); break;
            case Mnemonic.Str: EmitSystemWord<StoreConstant>(instruction, TaskSelector); break;
            case Mnemonic.Smsw: EmitSystemWord<StoreMachineStatus>(instruction, CpuIdentity.ControlRegister0); break;
            case Mnemonic.Cli or Mnemonic.Sti or Mnemonic.Hlt or Mnemonic.In or Mnemonic.Out or Mnemonic.Lgdt or Mnemonic.Lidt
                or Mnemonic.Ltr or Mnemonic.Lldt or Mnemonic.Clts or Mnemonic.Invlpg or Mnemonic.Invd or Mnemonic.Wbinvd
                or Mnemonic.Rdmsr or Mnemonic.Wrmsr or Mnemonic.Lmsw or Mnemonic.Rdpmc:
                EmitFault(instruction, Vector.GeneralProtection);
                break;
            default:
                EmitUndefined(instruction);
                break;
        }
    }

    private void EmitUndefined(in Instruction instruction)
    {
        if (InstructionSet.IsVmcall(instruction)) End(Begin(instruction), SystemHandlers.SelectVmcall());
        else EmitFault(instruction, FaultOfUndefined(instruction));
    }

    private byte FaultOfUndefined(in Instruction instruction) =>
        reader.IsTooLong(instruction.IP32 - start) ? Vector.GeneralProtection : Vector.InvalidOpcode;

    /// <summary>What str shows: the host's task segment (ABI §6).</summary>
    private const uint TaskSelector = 16 * 8;

    private void EmitInterrupt(in Instruction instruction, byte vector)
    {
        Operation* op = Begin(instruction);
        op->Immediate = vector;
        End(op, SystemHandlers.SelectInterrupt());
    }

    private void EmitLoadFarPointer(in Instruction instruction, byte segment)
    {
        bool isWord = instruction.MemorySize == MemorySize.SegPtr16;
        EmitWithAddress(instruction, isWord ? Select.Leaving<LoadFarPointer<Bits16>>() : Select.Leaving<LoadFarPointer<Bits32>>())->Immediate = segment;
        ended = true;
    }

    private void EmitSelectorQuery<TAction>(in Instruction instruction) where TAction : IReads
    {
        Operation* op = Begin(instruction);
        op->Destination = OffsetOf(instruction.Op0Register);
        bool isWord = WidthOf(instruction, 0) == OperandWidth.Word;

        // The selector is 16 bits wide; a register is read at the destination's width and its upper half ignored.
        OperandShape shape = SetSource(op, instruction, 1, isWord ? OperandWidth.Word : OperandWidth.Long);
        if (shape.Place == OperandPlace.Memory) Use(op, isWord
            ? Select.ReadMemory<TAction, FlagsSeen, Bits16, Segmented>()
            : Select.ReadMemory<ToLong<TAction>, FlagsSeen, Bits16, Segmented>());
        else Use(op, isWord ? Select.Read<TAction, FlagsSeen, Bits16>(shape) : Select.Read<TAction, FlagsSeen, Bits32>(shape));
    }

    private void EmitVerify<TAction>(in Instruction instruction) where TAction : IReads
    {
        Operation* op = Begin(instruction);
        Use(op, Select.Read<TAction, FlagsSeen, Bits16>(SetSource(op, instruction, 0, OperandWidth.Word)));
    }

    /// <summary>Memory gets 16 bits, whatever the operand size.</summary>
    private void EmitSystemWord<TAction>(in Instruction instruction, uint value) where TAction : IWrites
    {
        Operation* op = Begin(instruction);
        op->Immediate = value;
        OperandShape shape = SetDestination(op, instruction, 0, WidthOf(instruction, 0));
        Use(op, shape.Place == OperandPlace.Memory || shape.Width == OperandWidth.Word
            ? Select.Write<TAction, Bits16>(shape)
            : Select.Write<TAction, Bits32>(shape));
    }
}
