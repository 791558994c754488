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
internal sealed unsafe partial class CompiledCode : IDisposable
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

    /// <summary>Found out with the first block that is hot.</summary>
    private bool suits;

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

    /// <summary>What was compiled, by number; there is no block 0.</summary>
    private List<CompiledBlock> Compiled => field ??= [default];

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
    /// <returns>Null where there is no machine code: the processor is not of the kind that it is made for, or the system does not allow it.</returns>
    public static CompiledCode? TryCreate(LibC libc, int threshold, uint frames)
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64 || !X86Base.IsSupported) return null;
        try
        {
            return new CompiledCode(new CodeMemory(libc), threshold, frames);
        }
        catch (ErrnoException)
        {
            return null;
        }
    }

    private static nint EnterHandler => (nint)SelectEnter().Fast;

    public static HandlerPair SelectEnter() => new(new(OperationForm.Compiled), &Enter);

    /// <summary>A block was translated.</summary>
    public void Add(Block* block) => block->Code = blockExit;

    /// <summary>The loop is about to run a block: time to compile it?</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="block">The block.</param>
    /// <param name="isSample">Whether the last slice ended before it.</param>
    public void Note(CpuState* cpu, Block* block, bool isSample)
    {
        if (block->Compiled != 0)
        {
            if (isSample && block->Credit == -MostCredit && block->Compiled > 0) Readmit(block);
            return;
        }

        block->Heat += isSample ? SampleHeat : 1;
        if (block->Heat >= threshold) CompileInTime(cpu, block);
    }

    /// <summary>A block was dropped: no path may lead into its code from now on.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="block">The block.</param>
    /// <param name="overwritten">Whether it was because of what was written there.</param>
    public void Remove(CpuState* cpu, Block* block, bool overwritten)
    {
        block->Code = blockExit;
        if (block->Compiled <= 0 || !overwritten) return;
        uint frame = block->Physical >> Memory.GuestMemory.PageShift;
        overwrites[frame] = (overwrites[frame].Count + 1, CpuState.OwnerOf(cpu).InstructionCount);
    }

    /// <summary>The links of a block were cut.</summary>
    public void Unlink(Block* block)
    {
        if (block->Compiled <= 0) return;
        CompiledBlock compiled = Compiled[block->Compiled];
        foreach (LinkSite site in (ReadOnlySpan<LinkSite>)[compiled.First, compiled.Second])
            if (site.Link != 0) assembler.Land(site.Jump, site.Exit);
    }

    /// <summary>Every block is forgotten.</summary>
    public void Forget()
    {
        if (Blocks == 0) return;
        Patches.Clear();
        Compiled.RemoveRange(1, Compiled.Count - 1);
        assembler.Position = entry.Length;
    }

    public void Dispose()
    {
        fpu?.Dispose();
        memory.Dispose();
    }

    private bool IsCompiled(Block* block) => block->Compiled > 0 && block->Code != blockExit;

    /// <summary>Compiles, unless too much of the time since the first compilation went into that already; then the block must get hot once more.</summary>
    private void CompileInTime(CpuState* cpu, Block* block)
    {
        long start = Stopwatch.GetTimestamp();
        if (began == 0)
        {
            began = start;
            suits = Suits(entry);
        }
        if (!suits)
        {
            block->Compiled = NotWorthIt;
            return;
        }
        if (threshold > 0 && spent > HeadStart + (start - began) / LargestShare)
        {
            block->Heat = 0;
            return;
        }

        Compile(cpu, block, MostNeighbours);
        spent += Stopwatch.GetTimestamp() - start;
    }

    /// <summary>Whether the processor does what machine code relies on.</summary>
    private static bool Suits(EntryCode entry)
    {
        const int StoresFlags = 1;      // lahf and sahf work in 64-bit mode
        if ((uint)X86Base.CpuId(unchecked((int)0x80000000), 0).Eax < 0x80000001 || (X86Base.CpuId(unchecked((int)0x80000001), 0).Ecx & StoresFlags) == 0) return false;
        // The manuals leave AF undefined after logic instructions; processors clear it, as the handlers do.
        return ((delegate* unmanaged<uint>)entry.LogicTest)() == 0;
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
        foreach (ResumePoint resume in Compiler.Resumes) Take((Operation*)resume.Operation, (nint)memory.Start + resume.Code);
        block->Compiled = Compiled.Count;
        block->Credit = 0;
        Compiled.Add(new CompiledBlock(LinkAt(0), LinkAt(1), Patches.Count, Compiler.Body));
        if (Compiler.Head != 0)
        {
            Take(Block.First(block), (nint)memory.Start + Compiler.Body);
            block->Code = (nint)memory.Start + Compiler.Head;
        }

        int number = block->Compiled, resets = Resets;
        foreach (LinkSite site in (ReadOnlySpan<LinkSite>)[Compiled[number].First, Compiled[number].Second])
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

    private LinkSite LinkAt(int index) => index < Compiler.Links.Count ? Compiler.Links[index] : default;

    /// <summary>Has chains come to machine code when they come to an operation.</summary>
    private void Take(Operation* operation, nint code)
    {
        Patches.Add(new Patch((nint)operation, (nint)operation->Handler, (nint)operation->SlowHandler));
        Lead(operation, EnterHandler, code);
    }

    private static void Lead(Operation* operation, nint handler, nint slowHandler)
    {
        operation->Handler = (delegate*<CpuState*, Operation*, TlbEntry*, Operation*>)handler;
        operation->SlowHandler = (delegate*<CpuState*, Operation*, TlbEntry*, Operation*>)slowHandler;
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
            Lead(operation, patch.Handler, patch.SlowHandler);
        }

        Forget();
    }

    /// <summary>A block's jumps to others, and how chains come to it: the number of the patch, if there is one, and where they start.</summary>
    private readonly record struct CompiledBlock(LinkSite First, LinkSite Second, int Entry, int Body);

    /// <summary>What an operation's handlers were.</summary>
    private readonly record struct Patch(nint Operation, nint Handler, nint SlowHandler);
}
