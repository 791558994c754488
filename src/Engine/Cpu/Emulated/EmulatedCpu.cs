using System.Runtime.InteropServices;
using LguestPS.Memory;
using LguestPS.Native;
using LguestPS.Paging;
using LguestPS.Segments;

namespace LguestPS.Cpu.Emulated;

/// <summary>A 32-bit x86 in software: translates guest code to chains of small handlers and runs them.</summary>
/// <remarks>
/// The way through this folder: <see cref="Run"/> here finds blocks in <see cref="TranslationCache"/>, which has <see cref="Translator"/>
/// make them; their operations run by the rules of <see cref="Flow"/>, most of them through <see cref="Skeletons"/>, on a
/// <see cref="CpuState"/>. Memory goes through the TLB of the <see cref="Mmu"/>.
/// </remarks>
internal sealed unsafe partial class EmulatedCpu : VirtualCpu
{
    /// <summary>A repeated string instruction counts as one more after this many iterations, so that it stays interruptible.</summary>
    private const uint IterationsPerInstruction = 4096;

    private const int Gates = 256;

    /// <summary>How hot code is before it is compiled, unless somebody says otherwise.</summary>
    public const int UsualHeat = 32;

    private readonly CpuState* state = CpuState.Allocate();
    private readonly GuestMemory memory;
    private readonly Func<ulong> timeStamp;
    private readonly JumpCache jumps = new();
    private readonly GCHandle self;
    private SliceGovernor slices = new();
    private long retired;
    private bool descriptorsChanged = true;
    private volatile bool kicked;
    private bool disposed;

    /// <param name="memory">The guest's memory; this CPU takes its <see cref="GuestMemory.WatchedPageWritten"/>.</param>
    /// <param name="timeStamp">What <c>rdtsc</c> reads; it may look at <see cref="InstructionCount"/>.</param>
    /// <param name="heat">How hot code must be to be compiled, 0 for all of it at once; null to compile nothing. What the guest sees does not depend on it.</param>
    /// <param name="format">How the guest lays out its page tables; two levels by default.</param>
    /// <param name="samples">Takes note of where the guest is every so many instructions; null for nothing.</param>
    public EmulatedCpu(GuestMemory memory, Func<ulong> timeStamp, int? heat = null, PageTableFormat? format = null, CodeSamples? samples = null)
    {
        Samples = samples;
        this.memory = memory;
        this.timeStamp = timeStamp;
        Mmu = new Mmu(new PageTables(memory, format), jumps);
        Translations = new TranslationCache(Mmu, jumps, memory, OperatingSystem.IsLinux() && heat is { } threshold ? CompiledCode.TryCreate(LibC.Instance, threshold, memory.FrameLimit) : null);
        memory.WatchedPageWritten = frame => Translations.DropFrame(state, frame);

        self = GCHandle.Alloc(this, GCHandleType.Weak);
        state->Owner = GCHandle.ToIntPtr(self);
        state->Descriptors = (ulong*)NativeMemory.AllocZeroed(DescriptorTable.Entries, sizeof(ulong));
        state->GatePrivileges = (byte*)NativeMemory.AllocZeroed(Gates);
        state->Depart = &Flow.Depart;
        state->Registers.Eflags = Eflags.AlwaysOne;
        state->Fpu.Initialize();
        state->Vectors.Initialize();
    }

    ~EmulatedCpu() => Free();

    public override string Name => "emulated";

    public override bool HasFpu => true;

    public override ref GuestRegisters Registers
    {
        get
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            return ref state->Registers;
        }
    }

    public override long InstructionCount => state->Slice == 0 ? retired : retired + state->Slice - state->Budget;

    public override long CompiledInstructionCount => Translations.Compiled?.Instructions ?? 0;

    public override CodeSamples? Samples { get; }

    public override bool CanCountBlocks => true;

    public override CodeCounts? Counts { get; set; }

    public override bool CanBeSaved => true;

    public override bool MarksWrites => true;

    public override bool TaskSwitched
    {
        get => state->TaskSwitched;
        set => state->TaskSwitched = value;
    }

    public override bool AcceptsVmcall
    {
        get => state->AcceptsVmcall;
        set => state->AcceptsVmcall = value;
    }

    public Mmu Mmu { get; }

    public TranslationCache Translations { get; }

    public override bool CanWatch => true;

    public override void Watch(IReadOnlyList<WatchRange> ranges)
    {
        foreach (WatchRange fresh in Mmu.Watches.Replace(state, ranges)) Translations.DropLinear(state, fresh);
        Mmu.TakeWatches();
    }

    public override void PassWatched() => Mmu.Watches.Pass(state);

    /// <summary>The guest is at another time: what was reported there, or was still to be, is not here.</summary>
    public void ForgetWatched()
    {
        Mmu.Watches.Forget();
        isRepeating = isInsideBlock = false;
    }

    public override CpuExit Run(CpuBudget budget)
    {
        if (Mmu.Watches.Late is { } late)
        {
            Mmu.Watches.Late = null;
            return CpuExit.At(late, ranNothing: true);
        }

        state->Cause = ExitCause.None;
        state->LastBlock = 0;
        LazyFlags.Write(state, state->Registers.Eflags);
        CpuExit exit = TryTakeSegments() ? RunSlices(budget.Instructions) : TakeExit();
        state->Registers.Eflags = LazyFlags.Read(state);
        return exit;
    }

    public override void Kick() => kicked = true;

    /// <summary>Whether somebody waits for this CPU to come out: an instruction that took long says so to the loop.</summary>
    public bool IsKicked => kicked;

    public override void SetAddressSpace(uint pageDirectory) => Mmu.SetAddressSpace(pageDirectory);

    public override void SetPageTableFormat(PageTableFormat format) => Mmu.SetFormat(format);

    public override void FlushAll() => Mmu.FlushAll();

    public override void FlushUser(uint kernelBase)
    {
        if (kernelBase > 0) Mmu.FlushRange(0, kernelBase - 1);
    }

    public override void FlushPage(uint? directory, uint linear) => Mmu.FlushPage(directory, linear);

    public override void FlushRange(uint directory, uint first, uint last) => Mmu.FlushRange(directory, first, last);

    public override void LoadDescriptors(ReadOnlySpan<ulong> descriptors)
    {
        descriptors.CopyTo(new Span<ulong>(state->Descriptors, DescriptorTable.Entries));
        descriptorsChanged = true;
    }

    public override void SetGatePrivilege(byte vector, int level) => state->GatePrivileges[vector] = (byte)level;

    public ulong ReadTimeStamp() => timeStamp();

    /// <summary>Forgets all that was translated and may have changed unseen, because another vCPU runs on the same memory.</summary>
    /// <param name="frame">A frame whose code is about to run.</param>
    public void ForgetCode(uint frame)
    {
        Mmu.FlushAll();
        Translations.DropFrame(state, frame);
    }

    /// <summary>Forgets all code and every translation, because another vCPU has run on the same memory. Only between two runs.</summary>
    public void ForgetCode()
    {
        Mmu.FlushAll();
        Translations.Forget(state);
    }

    /// <summary>A segment register was loaded: finds out which shortcuts translated code may take now.</summary>
    public void SegmentsChanged()
    {
        CpuMode mode = Coverage is null ? CpuMode.None : CpuMode.Covered;
        if ((state->Cs.Traits & SegmentTraits.Big) == 0) mode |= CpuMode.ShortCode;
        else if (state->Cs.IsFlat) mode |= CpuMode.FlatCode;
        if (IsFlatData(state->Ds) && IsFlatData(state->Es) && IsFlatData(state->Ss) && state->StackMask == uint.MaxValue) mode |= CpuMode.FlatData;
        if (mode != state->Mode) jumps.Clear();
        state->Mode = mode;
        state->Tlb = Mmu.ForLevel(state->PrivilegeLevel);
        state->Jumps = jumps.ForLevel(state->PrivilegeLevel);
    }

    public override void Dispose()
    {
        if (disposed) return;
        memory.WatchedPageWritten = null;
        Free();
        GC.SuppressFinalize(this);
    }

    public override void SaveFpu(Span<byte> image)
    {
        fixed (byte* to = image) FpuImages.WriteExtended(state, to);
    }

    public override void LoadFpu(ReadOnlySpan<byte> image)
    {
        fixed (byte* from = image)
        {
            FpuImages.ReadExtended(state, from);
            if (FpuImages.MxcsrMaskOf(from) == 0) state->Vectors.Initialize();
        }
    }

    protected override void LoadInstructionCount(long count)
    {
        retired = count;
        ForgetWatched();
    }

    /// <summary>Nothing but native memory goes here, so it may happen in a finalizer.</summary>
    private void Free()
    {
        disposed = true;
        if (!self.IsAllocated) return; // the constructor did not get that far
        self.Free();
        Translations.Dispose();
        Mmu.Dispose();
        jumps.Dispose();
        NativeMemory.Free(state->Descriptors);
        NativeMemory.Free(state->GatePrivileges);
        CpuState.Free(state);
    }

    private static bool IsFlatData(in Segment segment) => segment.IsFlat && (segment.Traits & SegmentTraits.Writable) != 0;

    /// <summary>Loads the segment registers that the host has changed, or all after a change of the descriptor table.</summary>
    private bool TryTakeSegments()
    {
        bool all = descriptorsChanged;
        ref GuestRegisters registers = ref state->Registers;
        if (!all && registers.Cs == state->Cs.Selector && registers.Ss == state->Ss.Selector && registers.Ds == state->Ds.Selector
            && registers.Es == state->Es.Selector && registers.Fs == state->Fs.Selector && registers.Gs == state->Gs.Selector) return true;

        if (all || registers.Cs != state->Cs.Selector)
        {
            if (!Segmentation.TryFind(state, registers.Cs, out SegmentDescriptor code) || !SegmentRules.CanResume(code))
                return CpuState.Raise(state, Vector.GeneralProtection, registers.Cs & 0xFFFCu);
            Segmentation.SetCode(state, registers.Cs, code);
        }

        if (all || registers.Ss != state->Ss.Selector)
        {
            if (!Segmentation.TryFind(state, registers.Ss, out SegmentDescriptor stack) || !SegmentRules.CanResumeWith(stack))
                return CpuState.Raise(state, Vector.GeneralProtection, registers.Ss & 0xFFFCu);
            Segmentation.SetStack(state, registers.Ss, stack);
        }

        foreach (byte segment in (ReadOnlySpan<byte>)[SegmentNumber.Es, SegmentNumber.Ds, SegmentNumber.Fs, SegmentNumber.Gs])
        {
            ushort selector = *Segmentation.SelectorOf(state, segment);
            if (!all && selector == CpuState.SegmentOf(state, segment)->Selector) continue;
            if (Segmentation.Load(state, segment, selector)) continue;
            state->Cause = ExitCause.None;
            Segmentation.SetData(state, segment, Segment.Null(0));
        }

        descriptorsChanged = false;
        SegmentsChanged();
        return true;
    }
}
