using System.Runtime.InteropServices;
using Iced.Intel;
using LguestPS.Memory;

namespace LguestPS.Cpu.Emulated;

/// <summary>Turns guest instructions into blocks of operations.</summary>
/// <remarks>
/// A block is straight-line code inside one page. An instruction that reaches into the next page is a block of its own.
/// This file finds the block's instructions; the others emit the operations.
/// </remarks>
internal sealed unsafe partial class Translator : IDisposable
{
    /// <summary>What covers a block, its operations, a jump onwards, and its links.</summary>
    private const int MaxOperations = Block.MaxInstructions + 3;

    private readonly InstructionReader reader = new();
    private readonly Instruction[] instructions = new Instruction[Block.MaxInstructions];
    private readonly ushort[] floatingPoint = new ushort[Block.MaxInstructions];
    private readonly bool[] flagsSeen = new bool[Block.MaxInstructions];
    private readonly Operation* operations = (Operation*)NativeMemory.AlignedAlloc((nuint)(MaxOperations * sizeof(Operation)), 64);
    private readonly OperationInfo* infos = (OperationInfo*)NativeMemory.Alloc(MaxOperations, (nuint)sizeof(OperationInfo));
    private int instructionCount;
    private int operationCount;
    private int linkSlot;
    private bool ended;

    /// <summary>The block's last instruction may change the mode, so what follows must be looked up anew.</summary>
    private bool changesMode;
    private uint start;
    private uint linearStart;
    private CpuMode mode;
    private Watchpoints? watches;

    private bool IsFlatData => (mode & CpuMode.FlatData) != 0;

    private bool IsCovered => (mode & CpuMode.Covered) != 0;

    private bool MayLink => (mode & (CpuMode.FlatCode | CpuMode.SingleStep)) == CpuMode.FlatCode;

    /// <summary>Translates the block at an address.</summary>
    /// <param name="cpu">The mode, and where a fault on the second page is raised.</param>
    /// <param name="mmu">Finds the second page if the first instruction needs one.</param>
    /// <param name="eip">Where the block starts.</param>
    /// <param name="mode">What it may take for granted.</param>
    /// <param name="code">Host address of its first byte.</param>
    /// <param name="arena">Gives the memory for it.</param>
    /// <returns>The block, not yet entered anywhere; or null if fetching raised a fault.</returns>
    public Block* Translate(CpuState* cpu, Mmu mmu, uint eip, CpuMode mode, byte* code, Arena arena)
    {
        start = eip;
        this.mode = mode;
        watches = mmu.Watches.HasCode ? mmu.Watches : null;
        linearStart = cpu->Cs.Base + eip;
        reader.IsShortCode = (mode & CpuMode.ShortCode) != 0;
        instructionCount = operationCount = linkSlot = 0;
        ended = changesMode = false;

        uint secondFrame = 0;
        bool straddles = false;
        uint available = InstructionReader.BytesInPage(linearStart);
        ReadInstructions(code, available);
        if (instructionCount == 0)
        {
            straddles = true;
            if (!TranslationCache.ReachesNextPage(cpu, mode, eip)) return null;
            uint secondPage = linearStart + available;
            if (!mmu.TryFetch(cpu, secondPage, out byte* second)) return null;
            reader.StartAcross(code, available, second, eip);
            if (!reader.Read(out instructions[0], out floatingPoint[0]))
            {
                CpuState.Raise(cpu, Vector.GeneralProtection); // longer than fifteen bytes
                return null;
            }

            instructionCount = 1;
            secondFrame = mmu.PhysicalOf(second) >> GuestMemory.PageShift;
        }

        if (IsCovered) EmitCover();
        Liveness.Find(instructions, instructionCount, flagsSeen);
        for (int i = 0; i < instructionCount && !ended; i++)
        {
            if (i == instructionCount - 2 && TryFuse(instructions[i], instructions[i + 1])) break;
            if (floatingPoint[i] != 0) EmitFloatingPoint(instructions[i], floatingPoint[i]);
            else if (InstructionSet.Has(instructions[i].Code)) Emit(instructions[i], flagsSeen[i]);
            else EmitUndefined(instructions[i]);
        }

        uint bytes = instructions[instructionCount - 1].NextIP32 - start;
        if (!ended) EmitGoto(start + bytes);

        Block* block = arena.AllocateBlock(operationCount);
        *block = new Block
        {
            Eip = eip,
            Physical = mmu.PhysicalOf(code),
            SecondFrame = secondFrame,
            Mode = mode,
            Bytes = (ushort)bytes,
            Instructions = (byte)instructionCount,
            Operations = (byte)operationCount,
            Straddles = straddles,
            LinkSlot = (byte)linkSlot,
        };
        NativeMemory.Copy(operations, Block.First(block), (nuint)(operationCount * sizeof(Operation)));
        NativeMemory.Copy(infos, Block.First(block) + operationCount, (nuint)(operationCount * sizeof(OperationInfo)));
        return block;
    }

    public void Dispose()
    {
        reader.Dispose();
        NativeMemory.AlignedFree(operations);
        NativeMemory.Free(infos);
    }

    private void ReadInstructions(byte* code, uint available)
    {
        int most = MayLink ? Block.MaxInstructions : 1;
        reader.Start(code, start, available);
        while (instructionCount < most)
        {
            ref Instruction instruction = ref instructions[instructionCount];
            if (!reader.Read(out instruction, out floatingPoint[instructionCount])) return;
            instructionCount++;
            if (EndsBlock(instruction) || instruction.NextIP32 - start >= available) return;
            if (watches is not null && watches.IsCode(linearStart + (instruction.NextIP32 - start))) return;
        }
    }

    /// <summary>After these control goes elsewhere, or what translated code takes for granted may have changed.</summary>
    private static bool EndsBlock(in Instruction instruction)
    {
        if (instruction.FlowControl != FlowControl.Next || instruction.IsPrivileged) return true;
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Popf or Mnemonic.Popfd or Mnemonic.Rdtsc or Mnemonic.Hlt or Mnemonic.Cli or Mnemonic.Sti
                or Mnemonic.Lds or Mnemonic.Les or Mnemonic.Lfs or Mnemonic.Lgs or Mnemonic.Lss:
                return true;
            case Mnemonic.Mov or Mnemonic.Pop:
                return instruction.Op0Kind == OpKind.Register && instruction.Op0Register is >= Register.ES and <= Register.GS;
            default:
                return false;
        }
    }

    /// <summary>Begins the operation for an instruction.</summary>
    private Operation* Begin(in Instruction instruction, int count = 1)
    {
        infos[operationCount] = new OperationInfo
        {
            Offset = (ushort)(instruction.IP32 - start),
            Length = (byte)instruction.Length,
            Ordinal = (byte)(Ordinal(operationCount)),
            Count = (byte)count,
        };
        Operation* op = operations + operationCount;
        *op = default;
        op->Slot = (byte)operationCount++;
        op->Index = op->Base = RegisterOffset.None;
        return op;
    }

    /// <summary>Instructions before the given slot; every operation before a block's last stands for one, but for the one that covers the block.</summary>
    private int Ordinal(int slot) => Math.Min(IsCovered ? slot - 1 : slot, instructionCount);

    private static void Use(Operation* op, HandlerPair handlers)
    {
        op->Handler = handlers.Fast;
        op->SlowHandler = handlers.Slow;
    }

    /// <summary>Ends the block with an operation that has links.</summary>
    private void End(Operation* op, HandlerPair handlers, uint straightOn, uint taken)
    {
        Use(op, handlers);
        linkSlot = operationCount++;
        infos[linkSlot] = default;
        Link* links = (Link*)(operations + linkSlot);
        links[0] = NewLink(straightOn);
        links[1] = NewLink(taken);
        ended = true;
    }

    /// <summary>Ends the block with an operation that finds its own way.</summary>
    private void End(Operation* op, HandlerPair handlers)
    {
        Use(op, handlers);
        ended = true;
    }

    private Link NewLink(uint eip) => new() { Eip = eip, Count = Link.Never, Target = MayLink && IsSamePage(eip) ? null : Link.OtherPage };

    private bool IsSamePage(uint eip) => ((eip - start + linearStart ^ linearStart) & TlbEntry.PageMask) == 0;

    private void EmitCover()
    {
        infos[operationCount] = default;
        Operation* op = operations + operationCount;
        *op = default;
        op->Slot = (byte)operationCount++;
        op->Immediate = CoverageMap.NumberOf(linearStart);
        Use(op, Covering.Select());
    }

    private void EmitGoto(uint eip)
    {
        infos[operationCount] = new OperationInfo { Offset = (ushort)(eip - start), Ordinal = (byte)instructionCount };
        Operation* op = operations + operationCount;
        *op = default;
        op->Slot = (byte)operationCount++;
        op->Immediate = eip;
        if (changesMode || !IsSamePage(eip)) End(op, Branches.SelectJump<FromImmediate>(OperandWidth.Long));
        else End(op, Branches.SelectGoto(), eip, eip);
    }
}
