using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using LguestPS.Native;

namespace LguestPS.Cpu.Emulated;

/// <summary>The machine code of hot blocks: what is compiled when, how it is entered and left, and how it is forgotten.</summary>
/// <remarks>
/// A compiled block stays a block. Its first operation has <see cref="Enter"/> as its handler, so chains, links and the jump cache lead to
/// machine code without knowing it; and machine code takes a block's share of the budget at its head, as they do. So whatever
/// <see cref="TranslationCache"/> drops, and whatever the budget cuts short, is the same with and without it.
/// </remarks>
internal sealed unsafe class CompiledCode : IDisposable
{
    /// <summary>In <see cref="Block.Compiled"/>.</summary>
    public const int NotWorthIt = -1;

    /// <summary>What a block at which a slice ended counts for more than one that the loop came by: about 4,000 instructions were run near it.</summary>
    private const int SampleHeat = 16;

    /// <summary>Fewer operations in a row than this run faster in the chain than by way of an entry.</summary>
    private const int LeastRun = 6;

    /// <summary>So many blocks that are linked to a hot one are compiled with it.</summary>
    private const int MostNeighbours = 8;

    /// <summary>A frame whose compiled code was overwritten so often stays in chains, until this many instructions have gone by in peace.</summary>
    private const int MostOverwrites = 4;
    private const long Peace = 20_000_000;

    /// <summary>One part in so many is the most that compiling may take of the time that goes by, after a head start.</summary>
    private const int LargestShare = 4;
    private static readonly long HeadStart = Stopwatch.Frequency / 20;

    /// <summary>The most that one block can take.</summary>
    private const int LargestBlock = 64 * 1024;

    private readonly CodeMemory memory;
    private readonly X64Assembler assembler;
    private readonly EntryCode entry;
    private readonly delegate* unmanaged<CpuState*, nint, void> enter;
    private readonly int threshold;
    private readonly (int Count, long At)[] overwrites;
    private readonly nint blockExit;
    private CompiledFpu? fpu;

    /// <summary>In ticks of the clock that <see cref="Stopwatch"/> reads.</summary>
    private long began, spent;

    private CompiledCode(CodeMemory memory, int threshold, uint frames)
    {
        this.memory = memory;
        this.threshold = threshold;
        entry = new EntryCode(memory.Buffer, memory.Start);
        assembler = new X64Assembler(memory.Buffer) { Position = entry.Length };
        enter = (delegate* unmanaged<CpuState*, nint, void>)entry.Enter;
        blockExit = (nint)memory.Start + entry.BlockExit;
        overwrites = new (int, long)[frames];
    }

    // What follows is made with the first block that is compiled: the runtime compiles lists of our structures again at each start,
    // and many guests end before anything of theirs is hot.
    private BlockCompiler Compiler => field ??= new BlockCompiler(assembler, entry, threshold == 0 ? 1 : LeastRun);

    /// <summary>The links of each block, by its number; there is no block 0.</summary>
    private List<LinkSites> Links => field ??= [default];

    private List<Patch> Patches => field ??= [];

    /// <summary>Instructions that ran as machine code.</summary>
    public long Instructions { get; private set; }

    /// <summary>Blocks that were compiled so far.</summary>
    public long Blocks { get; private set; }

    /// <summary>Time that compiling has taken so far.</summary>
    public TimeSpan Time => Stopwatch.GetElapsedTime(0, spent);

    /// <summary>Machine code that there is now, in bytes.</summary>
    public int Bytes => assembler.Position;

    /// <summary>How often the guest's x87 was brought into the host's.</summary>
    public long FpuLoads => fpu?.Loads ?? 0;

    /// <summary>How often all code was dropped because there was too much of it.</summary>
    public int Resets { get; private set; }

    /// <param name="libc">Gives the memory.</param>
    /// <param name="threshold">How hot a block must be: 0 compiles each when it is first run.</param>
    /// <param name="frames">Frames of guest memory.</param>
    /// <returns>Null where there is no machine code: the processor is not one that it is made for, or the system does not allow it.</returns>
    public static CompiledCode? TryCreate(LibC libc, int threshold, uint frames)
    {
        const int StoresFlags = 1;      // lahf and sahf work in 64-bit mode
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64 || !X86Base.IsSupported) return null;
        if ((uint)X86Base.CpuId(unchecked((int)0x80000000), 0).Eax < 0x80000001 || (X86Base.CpuId(unchecked((int)0x80000001), 0).Ecx & StoresFlags) == 0) return null;
        try
        {
            var memory = new CodeMemory(libc);
            var made = new CompiledCode(memory, threshold, frames);
            // The manuals leave AF undefined after logic instructions; processors clear it, as the handlers do.
            if (((delegate* unmanaged<uint>)made.entry.LogicTest)() == 0) return made;
            made.Dispose();
            return null;
        }
        catch (ErrnoException)
        {
            return null;
        }
    }

    public static HandlerPair SelectEnter() => new(new(OperationForm.Compiled), &Enter);

    /// <summary>Runs machine code from here on; where it is stands in the place of the slow handler.</summary>
    public static Operation* Enter(CpuState* cpu, Operation* op, TlbEntry* tlb) =>
        CpuState.OwnerOf(cpu).Translations.Compiled!.Run(cpu, (nint)op->SlowHandler, InstructionsFrom(op));

    /// <summary>A block was translated.</summary>
    public void Add(Block* block) => block->Code = blockExit;

    /// <summary>The loop is about to run a block: time to compile it?</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="block">The block.</param>
    /// <param name="isSample">Whether the last slice ended before it.</param>
    public void Note(CpuState* cpu, Block* block, bool isSample)
    {
        if (block->Compiled != 0) return;
        block->Heat += isSample ? SampleHeat : 1;
        if (block->Heat >= threshold) CompileInTime(cpu, block);
    }

    /// <summary>A block was dropped: no path may lead into its code from now on.</summary>
    public void Remove(CpuState* cpu, Block* block)
    {
        block->Code = blockExit;
        if (block->Compiled <= 0) return;
        uint frame = block->Physical >> Memory.GuestMemory.PageShift;
        overwrites[frame] = (overwrites[frame].Count + 1, CpuState.OwnerOf(cpu).InstructionCount);
    }

    /// <summary>The links of a block were cut.</summary>
    public void Unlink(Block* block)
    {
        if (block->Compiled <= 0) return;
        LinkSites sites = Links[block->Compiled];
        foreach (LinkSite site in (ReadOnlySpan<LinkSite>)[sites.First, sites.Second])
            if (site.Link != 0) assembler.Land(site.Jump, site.Exit);
    }

    /// <summary>Every block is forgotten.</summary>
    public void Forget()
    {
        if (Blocks == 0) return;
        Patches.Clear();
        Links.RemoveRange(1, Links.Count - 1);
        assembler.Position = entry.Length;
    }

    public void Dispose()
    {
        fpu?.Dispose();
        memory.Dispose();
    }

    /// <summary>Instructions from an operation to the end of its block.</summary>
    private static int InstructionsFrom(Operation* op) => Block.Of(op)->Instructions - (op->Slot == 0 ? 0 : Block.InfoOf(op)->Ordinal);

    private bool IsCompiled(Block* block) => block->Compiled > 0 && block->Code != blockExit;

    /// <summary>Runs machine code and, when it leaves, finds out how to go on.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="code">Where to start.</param>
    /// <param name="paid">Instructions that are already off the budget.</param>
    private Operation* Run(CpuState* cpu, nint code, int paid)
    {
        EmulatedCpu owner = CpuState.OwnerOf(cpu);
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

            switch ((ExitKind)(cpu->Exit.Kind & CompiledExit.KindMask))
            {
                case ExitKind.Operation:
                    var op = (Operation*)cpu->Exit.First;
                    Instructions -= cpu->Exit.Kind >> CompiledExit.CountShift;
                    return ((delegate*<CpuState*, Operation*, TlbEntry*, Operation*>)cpu->Exit.Second)(cpu, op, cpu->Tlb);
                case ExitKind.Link:
                    var link = (Link*)cpu->Exit.First;
                    if (!TryFollow(cpu, link, (int)cpu->Exit.Second, out code)) return Flow.Follow(cpu, link, cpu->Tlb);
                    break;
                case ExitKind.Block:
                    var first = (Operation*)cpu->Exit.First;
                    if (!TryCompile(cpu, Block.Of(first), out code)) return EnterBlock(cpu, first);
                    break;
                case ExitKind.Fpu:
                    code = cpu->Exit.First;
                    fpu ??= new CompiledFpu(cpu, always: threshold == 0);
                    fpu.Load();
                    break;
                case ExitKind.Jump:
                    return Flow.Depart(cpu, null, cpu->Tlb);
                default:
                    return null;
            }

            paid = 0;
        }
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

    /// <summary>Compiles, unless too much of the time since the first compilation went into that already; then the block must get hot once more.</summary>
    private void CompileInTime(CpuState* cpu, Block* block)
    {
        long start = Stopwatch.GetTimestamp();
        if (began == 0) began = start;
        if (threshold > 0 && spent > HeadStart + (start - began) / LargestShare)
        {
            block->Heat = 0;
            return;
        }

        Compile(cpu, block, MostNeighbours);
        spent += Stopwatch.GetTimestamp() - start;
    }

    private void Compile(CpuState* cpu, Block* block, int neighbours)
    {
        if (block->Straddles || block->Dropped || (block->Mode & (CpuMode.FlatCode | CpuMode.SingleStep)) != CpuMode.FlatCode)
        {
            block->Compiled = NotWorthIt;
            return;
        }

        if (IsRestless(cpu, block))
        {
            block->Heat = 0;
            return;
        }

        if (assembler.Position > CodeMemory.Bytes - LargestBlock) Reset();
        if (!Compiler.TryCompile(block))
        {
            block->Compiled = NotWorthIt;
            return;
        }

        Blocks++;
        block->Compiled = Links.Count;
        Links.Add(new LinkSites(Compiler.Links.Count > 0 ? Compiler.Links[0] : default, Compiler.Links.Count > 1 ? Compiler.Links[1] : default));
        nint enterHandler = (nint)SelectEnter().Fast;
        foreach (ResumePoint resume in Compiler.Resumes) Take((Operation*)resume.Operation, enterHandler, resume.Code);
        if (Compiler.Head != 0)
        {
            Take(Block.First(block), enterHandler, Compiler.Body);
            block->Code = (nint)memory.Start + Compiler.Head;
        }

        int number = block->Compiled, resets = Resets;
        foreach (LinkSite site in (ReadOnlySpan<LinkSite>)[Links[number].First, Links[number].Second])
        {
            if (site.Link == 0) continue;
            Operation* target = ((Link*)site.Link)->Target;
            if (target == null || target == Link.OtherPage) continue;
            Block* next = Block.Of(target);
            if (next->Compiled == 0 && neighbours > 0) Compile(cpu, next, neighbours - 1);
            if (resets != Resets) return;
            if (IsCompiled(next)) assembler.Land(site.Jump, (int)(next->Code - (nint)memory.Start));
        }
    }

    /// <summary>Has chains come to machine code when they come to an operation.</summary>
    private void Take(Operation* operation, nint handler, int code)
    {
        Patches.Add(new Patch((nint)operation, (nint)operation->Handler, (nint)operation->SlowHandler));
        operation->Handler = (delegate*<CpuState*, Operation*, TlbEntry*, Operation*>)handler;
        operation->SlowHandler = (delegate*<CpuState*, Operation*, TlbEntry*, Operation*>)((nint)memory.Start + code);
    }

    private bool IsRestless(CpuState* cpu, Block* block)
    {
        ref (int Count, long At) frame = ref overwrites[block->Physical >> Memory.GuestMemory.PageShift];
        if (frame.Count < MostOverwrites || threshold == 0) return false;
        if (CpuState.OwnerOf(cpu).InstructionCount - frame.At < Peace) return true;
        frame.Count = 0;
        return false;
    }

    /// <summary>Drops all code: blocks are chains again, and what is hot will be compiled anew. Only while none of it runs.</summary>
    private void Reset()
    {
        Resets++;
        foreach (Patch patch in Patches)
        {
            var operation = (Operation*)patch.Operation;
            Block* block = Block.Of(operation);
            block->Code = blockExit;
            block->Heat = block->Compiled = 0;
            if (block->Dropped && operation->Slot == 0) continue;       // its handler has been replaced since
            operation->Handler = (delegate*<CpuState*, Operation*, TlbEntry*, Operation*>)patch.Handler;
            operation->SlowHandler = (delegate*<CpuState*, Operation*, TlbEntry*, Operation*>)patch.SlowHandler;
        }

        Forget();
    }

    /// <summary>A block's jumps to others.</summary>
    private readonly record struct LinkSites(LinkSite First, LinkSite Second);

    /// <summary>What an operation's handlers were.</summary>
    private readonly record struct Patch(nint Operation, nint Handler, nint SlowHandler);
}
