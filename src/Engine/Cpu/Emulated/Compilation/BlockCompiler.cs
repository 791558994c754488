using static LguestPS.Cpu.Emulated.HostLayout;

namespace LguestPS.Cpu.Emulated;

/// <summary>Makes machine code of a block's operations, from their meanings.</summary>
/// <remarks>
/// An instruction checks its operands in memory before it changes anything, so that it can leave at any check: the operation's own handler
/// then does it, exactly. What is not compiled leaves in the same way; if enough that is compiled follows, the chain comes back there.
/// This file walks through a block; the others know the instructions.
/// </remarks>
internal sealed unsafe partial class BlockCompiler(X64Assembler assembler, EntryCode entry, int leastRun)
{
    private readonly List<(int Jump, nint Operation, nint Handler)> exits = [];
    private readonly List<(int Jump, uint Eip)> departures = [];
    private readonly List<ResumePoint> resumes = [];
    private readonly List<LinkSite> links = [];
    private readonly List<(int Jump, int Back, VectorsReady Level, nint Operation)> readyStubs = [];
    private Operation* op, lastOperation;
    private CpuMode mode;
    private Meaning meaning;

    /// <summary>The host's flags are the guest's at this place, so they need not be brought back.</summary>
    private bool flagsAtHand;
    private bool keepsFlagsAtHand;

    /// <summary>Operations at which a chain comes back to compiled code.</summary>
    public IReadOnlyList<ResumePoint> Resumes => resumes;

    /// <summary>Jumps to other blocks, which lead to their exits until the target is compiled.</summary>
    public IReadOnlyList<LinkSite> Links => links;

    /// <summary>Where the block starts, and where after the check of the budget; the head is 0 if a chain should run the block's beginning.</summary>
    public int Head { get; private set; }

    public int Body { get; private set; }

    /// <summary>Writes the code at the assembler's position.</summary>
    /// <returns>False if it is not worth it; nothing is written then.</returns>
    public bool TryCompile(Block* block)
    {
        exits.Clear();
        departures.Clear();
        resumes.Clear();
        links.Clear();
        readyStubs.Clear();
        fpuStubs.Clear();
        mode = block->Mode;
        int start = Head = assembler.Position;
        assembler.Arithmetic(8, 5, HostOperand.Of(Budget), block->Instructions);
        int exhausted = assembler.Jump(0xC);
        Body = assembler.Position;
        flagsAtHand = false;
        vectorsReady = VectorsReady.None;
        fpuReady = false;

        int run = 0, runStart = assembler.Position, runExits = 0, runStubs = 0, runFpuStubs = 0, last = block->LinkSlot != 0 ? block->LinkSlot - 1 : block->Operations - 1;
        bool inRun = true;
        lastOperation = Block.First(block) + last;
        for (int slot = 0; slot <= last; slot++)
        {
            op = Block.First(block) + slot;
            meaning = HandlerTable.MeaningOf(op);
            if (!inRun)
            {
                runStart = assembler.Position;
                runExits = exits.Count;
                runStubs = readyStubs.Count;
                runFpuStubs = fpuStubs.Count;
                run = 0;
                inRun = true;
                resumes.Add(new ResumePoint((nint)op, assembler.Position));
                flagsAtHand = false;
                vectorsReady = VectorsReady.None;
                fpuReady = false;
            }

            int before = assembler.Position, exitsBefore = exits.Count, stubsBefore = readyStubs.Count, fpuStubsBefore = fpuStubs.Count;
            keepsFlagsAtHand = false;
            bool compiled = TryEmit();
            flagsAtHand &= keepsFlagsAtHand;
            if (compiled)
            {
                run++;
                continue;
            }

            assembler.Position = before;
            exits.RemoveRange(exitsBefore, exits.Count - exitsBefore);
            readyStubs.RemoveRange(stubsBefore, readyStubs.Count - stubsBefore);
            fpuStubs.RemoveRange(fpuStubsBefore, fpuStubs.Count - fpuStubsBefore);
            inRun = false;
            if (run < leastRun) DropRun(runStart, runExits, runStubs, runFpuStubs);
            else Exit(assembler.Jump(), op, (nint)op->Handler);
        }

        if (inRun && run == 0) DropRun(runStart, runExits, runStubs, runFpuStubs);
        if (resumes.Count == 0 && Head == 0)
        {
            assembler.Position = start;
            return false;
        }

        assembler.Land(exhausted);
        assembler.Arithmetic(8, 0, HostOperand.Of(Budget), block->Instructions);
        Depart(block->Eip);
        WriteReadyStubs();
        WriteFpuStubs();
        WriteExits();
        return true;
    }

    /// <summary>Takes back a run that is too short to be worth entering compiled code.</summary>
    private void DropRun(int start, int firstExit, int firstStub, int firstFpuStub)
    {
        if (resumes.Count > 0) resumes.RemoveAt(resumes.Count - 1);
        else Head = 0;
        exits.RemoveRange(firstExit, exits.Count - firstExit);
        readyStubs.RemoveRange(firstStub, readyStubs.Count - firstStub);
        fpuStubs.RemoveRange(firstFpuStub, fpuStubs.Count - firstFpuStub);
        assembler.Position = start;
    }

    /// <returns>False if there is no machine code for this operation; what was written must be taken back.</returns>
    private bool TryEmit() => meaning.Form switch
    {
        OperationForm.Read or OperationForm.ReadMemory => TryEmitRead(),
        OperationForm.Modify or OperationForm.ModifyMemory => TryEmitModify(),
        OperationForm.Write or OperationForm.WriteMemory => TryEmitWrite(),
        OperationForm.Cover => TryEmitCover(),
        OperationForm.Plain => TryEmitPlain() || TryEmitFpuControl(),
        OperationForm.Rare => TryEmitFpuControl(),
        OperationForm.FpuRegisters or OperationForm.FpuRead or OperationForm.FpuWrite => TryEmitFpu(),
        OperationForm.VectorRegisters or OperationForm.VectorRead or OperationForm.VectorWrite => TryEmitVector(),
        _ => TryEmitFlow(),
    };

    /// <summary>Leaves at a jump that was written, to have a handler do the operation.</summary>
    private void Exit(int jump, Operation* operation, nint handler) => exits.Add((jump, (nint)operation, handler));

    /// <summary>Leaves this operation to its own handler, which knows what to do, if a condition holds.</summary>
    private void ExitIf(int condition) => Exit(assembler.Jump(condition), op, (nint)(op->SlowHandler != null ? op->SlowHandler : op->Handler));

    /// <summary>Goes on at an address by way of the loop.</summary>
    private void Depart(uint eip)
    {
        assembler.Op(4, 0xC7, 0, InState(EipOffset));
        assembler.Int32((int)eip);
        assembler.Land(assembler.Jump(), entry.LoopExit);
    }

    private void WriteExits()
    {
        for (int i = 0; i < exits.Count; i++)
        {
            (int jump, nint operation, nint handler) = exits[i];
            assembler.Land(jump);
            while (i + 1 < exits.Count && exits[i + 1].Operation == operation && exits[i + 1].Handler == handler) assembler.Land(exits[++i].Jump);
            assembler.MoveImmediate64(Address, operation);
            assembler.MoveImmediate64(Other, handler);
            int count = Block.Of((Operation*)operation)->Instructions - Block.InfoOf((Operation*)operation)->Ordinal;
            assembler.MoveImmediate(Third, (uint)(count << CompiledExit.CountShift) | (uint)ExitKind.Operation);
            assembler.Land(assembler.Jump(), entry.Leave);
        }

        for (int i = 0; i < links.Count; i++)
        {
            LinkSite site = links[i] with { Exit = assembler.Position };
            links[i] = site;
            assembler.Land(site.Jump);
            assembler.MoveImmediate64(Address, site.Link);
            assembler.MoveImmediate(Other, (uint)site.Jump);
            assembler.Land(assembler.Jump(), entry.LinkExit);
        }

        // These may write jumps of their own, for which the block has no more exits than it has links.
        foreach ((int jump, uint eip) in departures)
        {
            assembler.Land(jump);
            JumpToConstant(eip);
        }
    }
}

/// <summary>An operation of a block, and the offset of the code that goes on there.</summary>
internal readonly record struct ResumePoint(nint Operation, int Code);

/// <summary>A jump to another block.</summary>
/// <param name="Link">The <see cref="Emulated.Link"/> that says where to.</param>
/// <param name="Jump">Offset of the jump's displacement.</param>
/// <param name="Exit">Offset of the exit that it leads to at first.</param>
internal readonly record struct LinkSite(nint Link, int Jump, int Exit);
