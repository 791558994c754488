namespace LguestPS.Cpu.Emulated;

/// <summary>Visits to machine code: how chains enter it, where it leads on to more of it, and how it is left.</summary>
internal sealed unsafe partial class CompiledCode
{
    /// <summary>From so many instructions on, a visit to machine code pays for entering it.</summary>
    private const int LeastVisit = 16;

    /// <summary>So many visits more that did not pay than did, and a block is left to its chain.</summary>
    private const sbyte MostCredit = 32;

    /// <summary>Runs machine code from here on; where it is stands in the place of the slow handler.</summary>
    public static Operation* Enter(CpuState* cpu, Operation* op, TlbEntry* tlb) =>
        CpuState.OwnerOf(cpu).Translations.Compiled!.Run(cpu, op);

    /// <summary>Instructions from an operation to the end of its block.</summary>
    private static int InstructionsFrom(Operation* op) => Block.Of(op)->Instructions - (op->Slot == 0 ? 0 : Block.InfoOf(op)->Ordinal);

    /// <summary>Runs machine code and, when it leaves, finds out how to go on.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="entered">The operation in whose place it runs.</param>
    private Operation* Run(CpuState* cpu, Operation* entered)
    {
        EmulatedCpu owner = CpuState.OwnerOf(cpu);
        nint code = (nint)entered->SlowHandler;
        int paid = InstructionsFrom(entered);
        long begun = Instructions;
        while (true)
        {
            cpu->Exit.Flags = HostFlags(cpu);
            long extra = owner.IsKicked ? 0 : cpu->Reserve;
            cpu->Budget += extra;
            cpu->Slice += extra;
            long before = cpu->Budget + paid;
            enter(cpu, code);
            if (cpu->Exit.FpuLoaded != 0) fpu!.Take(before - cpu->Budget);
            else if (cpu->Exit.Vectors != VectorsReady.None) TakeVectors(cpu);
            Instructions += before - cpu->Budget;

            // What follows may nest: it gets no more than a slice.
            long unused = Math.Clamp(cpu->Budget - SliceGovernor.Shortest, 0, extra);
            cpu->Budget -= unused;
            cpu->Slice -= unused;
            cpu->Reserve += unused - extra;

            if (!TryGoOn(cpu, out code)) break;
            paid = 0;
        }

        if (entered->Slot == 0) Judge(Block.Of(entered), Instructions - begun);
        return Leave(cpu);
    }

    /// <summary>Whether there is machine code to go on with.</summary>
    private bool TryGoOn(CpuState* cpu, out nint code)
    {
        switch ((ExitKind)(cpu->Exit.Kind & CompiledExit.KindMask))
        {
            case ExitKind.Link:
                return TryFollow(cpu, (Link*)cpu->Exit.First, (int)cpu->Exit.Second, out code);
            case ExitKind.Block:
                return TryCompile(cpu, Block.Of((Operation*)cpu->Exit.First), out code);
            case ExitKind.Fpu:
                code = cpu->Exit.First;
                fpu ??= new CompiledFpu(cpu, always: threshold == 0);
                fpu.Load();
                return true;
            default:
                code = 0;
                return false;
        }
    }

    /// <summary>Back to the chains.</summary>
    private Operation* Leave(CpuState* cpu)
    {
        switch ((ExitKind)(cpu->Exit.Kind & CompiledExit.KindMask))
        {
            case ExitKind.Operation:
                Instructions -= cpu->Exit.Kind >> CompiledExit.CountShift;
                return ((delegate*<CpuState*, Operation*, TlbEntry*, Operation*>)cpu->Exit.Second)(cpu, (Operation*)cpu->Exit.First, cpu->Tlb);
            case ExitKind.Link:
                return Flow.Follow(cpu, (Link*)cpu->Exit.First, cpu->Tlb);
            case ExitKind.Block:
                return EnterBlock(cpu, (Operation*)cpu->Exit.First);
            case ExitKind.Jump:
                return Flow.Depart(cpu, null, cpu->Tlb);
            default:
                return null;
        }
    }

    /// <summary>A block was entered from a chain: one whose visits mostly end at once is left to its chain, for entering costs more than that saves.</summary>
    private void Judge(Block* block, long ran)
    {
        if (threshold == 0 || block->Compiled <= 0 || block->Dropped) return;
        if (ran >= LeastVisit) block->Credit = (sbyte)Math.Min(block->Credit + 1, MostCredit);
        else if (block->Credit > -MostCredit && --block->Credit == -MostCredit)
        {
            Patch original = Patches[Compiled[block->Compiled].Entry];
            Lead(Block.First(block), original.Handler, original.SlowHandler);
        }
    }

    /// <summary>A block that was left to its chain stays in it longer by now: chains come to its machine code again.</summary>
    private void Readmit(Block* block)
    {
        block->Credit = 0;
        Lead(Block.First(block), EnterHandler, (nint)memory.Start + Compiled[block->Compiled].Body);
    }

    /// <summary>Machine code has put the guest's vectors back.</summary>
    private static void TakeVectors(CpuState* cpu)
    {
        if (cpu->Exit.Vectors == VectorsReady.WithFloats) cpu->Vectors.SetMxcsr(cpu->Vectors.Mxcsr);
        cpu->Exit.Vectors = VectorsReady.None;
    }

    private static Operation* EnterBlock(CpuState* cpu, Operation* first)
    {
        Block* block = Block.Of(first);
        if (cpu->Budget < block->Instructions)
        {
            cpu->Registers.Eip = block->Eip;
            return null;
        }

        cpu->Budget -= block->Instructions;
        return first;
    }

    /// <summary>The guest's status flags as lahf and seto would show them.</summary>
    private static uint HostFlags(CpuState* cpu) =>
        (LazyFlags.IsCarry(cpu) ? 0x100u : 0) | (LazyFlags.IsParity(cpu) ? 0x400u : 0) | (LazyFlags.IsAdjust(cpu) ? 0x1000u : 0)
        | (LazyFlags.IsZero(cpu) ? 0x4000u : 0) | (LazyFlags.IsSign(cpu) ? 0x8000u : 0) | (LazyFlags.IsOverflow(cpu) ? 1u : 0) | 0x200;

    /// <summary>Finds a link's target compiled, or hot enough by now, and has the jump lead there from now on.</summary>
    private bool TryFollow(CpuState* cpu, Link* link, int jump, out nint code)
    {
        code = 0;
        if (link->Target == null || link->Target == Link.OtherPage) return false;
        Block* target = Block.Of(link->Target);
        int resets = Resets;
        if (!TryCompile(cpu, target, out code)) return false;
        if (resets == Resets) assembler.Land(jump, (int)(code - (nint)memory.Start));
        return true;
    }

    /// <summary>The code of a block to which machine code led.</summary>
    private bool TryCompile(CpuState* cpu, Block* block, out nint code)
    {
        Note(cpu, block, isSample: false);
        code = block->Code;
        return IsCompiled(block);
    }
}
