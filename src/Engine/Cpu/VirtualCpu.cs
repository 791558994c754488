using System.Buffers.Binary;
using LguestPS.Memory;
using LguestPS.Paging;
using LguestPS.State;

namespace LguestPS.Cpu;

/// <summary>The one seam between the host and the hardware: runs guest code until the host must act.</summary>
/// <remarks>
/// A vCPU deals with its own translations. A present one may stay in use until a hypercall names it
/// (ABI §3), so guests that keep that rule behave the same on every vCPU. Linear addresses from
/// <see cref="GuestMemory.SwitcherBase"/> up are never mapped: touching one is trap 14 with a not-present error code.
/// Except for <see cref="Kick"/>, members belong to the thread that runs the guest.
/// </remarks>
internal abstract class VirtualCpu : IDisposable
{
    private const int FpuImageBytes = 512;

    // As fninit and a processor's reset leave them (Intel SDM volume 1, 8.1.5 and 10.2.3).
    private const ushort InitialControlWord = 0x37F;
    private const uint InitialMxcsr = 0x1F80;
    private const int MxcsrOffset = 24;

    /// <summary>"emulated", "kvm" or "scripted".</summary>
    public abstract string Name { get; }

    /// <summary>True if the guest may execute x87 instructions.</summary>
    public abstract bool HasFpu { get; }

    /// <summary>The guest's registers: readable and writable whenever the vCPU is not running.</summary>
    /// <remarks>A selector the host changed takes effect, with its descriptor, at the next <see cref="Run"/>.</remarks>
    public abstract ref GuestRegisters Registers { get; }

    /// <summary>False if the hardware does not tell how many instructions the guest has run; <see cref="InstructionCount"/> is then always 0.</summary>
    public virtual bool CountsInstructions => true;

    /// <summary>Guest instructions retired since creation; exact at every return of <see cref="Run"/> and inside rdtsc.</summary>
    public abstract long InstructionCount { get; }

    /// <summary>How many of <see cref="InstructionCount"/> this process ran as machine code made from them; always 0 if the CPU makes none.</summary>
    public virtual long CompiledInstructionCount => 0;

    /// <summary>Where the guest was every so many instructions; null if nobody asked for it.</summary>
    public virtual CodeSamples? Samples => null;

    /// <summary>Whether it can count by blocks of code (<see cref="Counts"/>).</summary>
    public virtual bool CanCountBlocks => false;

    /// <summary>What counts every instruction, or null; set before the guest runs its first here, of a CPU that can.</summary>
    public virtual CodeCounts? Counts
    {
        get => null;
        set => throw new NotSupportedException($"the {Name} CPU has no blocks to count");
    }

    /// <summary>Where it is noted which ways through its code the guest takes; null for nowhere, and then it costs nothing. Only for the emulated CPU.</summary>
    public virtual CoverageMap? Coverage
    {
        get => null;
        set => throw new NotSupportedException($"the {Name} CPU notes no edges");
    }

    /// <summary>Runs the guest.</summary>
    /// <param name="budget">When to come out at the latest.</param>
    /// <returns>Why it came out. For a fault the registers stand at the faulting instruction, for
    /// <c>int n</c>, <c>int3</c> and <c>into</c> after it, as a processor would push them.</returns>
    public abstract CpuExit Run(CpuBudget budget);

    /// <summary>Makes the current or the next <see cref="Run"/> return soon with <see cref="CpuExitKind.Kicked"/>. Any thread may call this.</summary>
    public abstract void Kick();

    /// <summary>Switches to another page directory.</summary>
    /// <param name="pageDirectory">Guest-physical address of the page directory, aligned as its format wants and inside guest memory.</param>
    public abstract void SetAddressSpace(uint pageDirectory);

    /// <summary>Says how the guest lays out its page tables, at first in two levels; forgets every translation.</summary>
    public abstract void SetPageTableFormat(PageTableFormat format);

    /// <summary>Forgets every translation of every address space.</summary>
    public abstract void FlushAll();

    /// <summary>Forgets the current address space's translations below <paramref name="kernelBase"/>.</summary>
    public abstract void FlushUser(uint kernelBase);

    /// <summary>Forgets the translation of one page in the given directory, or in every one if <paramref name="directory"/> is null.</summary>
    public abstract void FlushPage(uint? directory, uint linear);

    /// <summary>Forgets the translations of the given directory from one linear address to another; of pages near by they may go, too.</summary>
    /// <param name="directory">Guest-physical address of the page directory.</param>
    /// <param name="first">The first address.</param>
    /// <param name="last">The last.</param>
    public abstract void FlushRange(uint directory, uint first, uint last);

    /// <summary>Replaces the descriptor table; segment registers take their new descriptors at the next <see cref="Run"/>.</summary>
    /// <param name="descriptors">The whole table of 32 descriptors, already made safe for ring 1 (ABI §6).</param>
    public abstract void LoadDescriptors(ReadOnlySpan<ulong> descriptors);

    /// <summary>Sets the privilege level (0 to 3) from which <c>int <paramref name="vector"/></c> may be used; initially 0.</summary>
    public abstract void SetGatePrivilege(byte vector, int level);

    /// <summary>Whether <c>vmcall</c> and <c>vmmcall</c> of the guest's kernel are its hypercall, as <c>int $0x1f</c> is; else, and always in ring 3, they are trap 6.</summary>
    public virtual bool AcceptsVmcall { get; set; }

    /// <summary>The task-switched flag (CR0.TS): while set, an FPU instruction is trap 7. Always 7 without an FPU.</summary>
    public abstract bool TaskSwitched { get; set; }

    /// <summary>False if this engine cannot tell all of its processor's state, so that its guests have no checkpoints.</summary>
    public virtual bool CanBeSaved => false;

    /// <summary>Whether the guest's own writes are marked in <see cref="Memory.GuestMemory.MarkChanged"/>.</summary>
    public virtual bool MarksWrites => false;

    /// <summary>Writes what a processor has beside memory and the tables the host gave it. Nothing in it belongs to one kind of vCPU.</summary>
    public void Save(StateWriter state)
    {
        state.Part("cpu");
        state.WriteRaw<GuestRegisters>([Registers]);
        state.Write(TaskSwitched);
        state.Write(InstructionCount);
        Span<byte> fpu = stackalloc byte[FpuImageBytes];
        fpu.Clear();
        SaveFpu(fpu);
        state.WriteRaw<byte>(fpu);
    }

    /// <summary>Takes what <see cref="Save"/> wrote; the descriptor table must be in place.</summary>
    /// <exception cref="InvalidStateException">No guest can have these registers.</exception>
    public void Load(StateReader state)
    {
        state.Part("cpu");
        GuestRegisters registers = default;
        state.ReadRaw(new Span<GuestRegisters>(ref registers));
        if (registers.PrivilegeLevel == 0) throw new InvalidStateException("the guest runs in ring 0");
        Registers = registers;
        TaskSwitched = state.ReadBool();
        LoadInstructionCount(state.ReadCount("the instruction count"));
        Span<byte> fpu = stackalloc byte[FpuImageBytes];
        state.ReadRaw(fpu);
        LoadFpu(fpu);
    }

    /// <summary>Makes of a processor what it is before its first instruction; the tables that the host gave it must be in place. It goes on counting instructions.</summary>
    /// <param name="registers">What it starts with.</param>
    public void Reset(in GuestRegisters registers)
    {
        Registers = registers;
        TaskSwitched = false;
        LoadInstructionCount(InstructionCount);     // nothing is left of what was watched
        Span<byte> fpu = stackalloc byte[FpuImageBytes];
        fpu.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(fpu, InitialControlWord);
        BinaryPrimitives.WriteUInt32LittleEndian(fpu[MxcsrOffset..], InitialMxcsr);
        LoadFpu(fpu);
    }

    /// <summary>The x87's registers, between two runs; null if there are none, or this engine cannot tell them.</summary>
    public FloatingPointState? FloatingPoint
    {
        get
        {
            if (!HasFpu || !CanBeSaved) return null;
            byte[] image = new byte[FpuImageBytes];
            SaveFpu(image);
            return new FloatingPointState(image);
        }
    }

    /// <summary>Replaces the x87's registers, where <see cref="FloatingPoint"/> can be read.</summary>
    public void SetFloatingPoint(in FloatingPointState state) => LoadFpu(state.Image);

    /// <summary>Whether this vCPU can come out for addresses; else <see cref="Watch"/> must not be used.</summary>
    public virtual bool CanWatch => false;

    /// <summary>Replaces the addresses for which <see cref="Run"/> comes out with <see cref="CpuExitKind.Watched"/>. Nothing of the guest is patched.</summary>
    /// <remarks>
    /// For Execute it comes out once before the instruction, and the next <see cref="Run"/> goes past it; for Read and Write once after
    /// the instruction that did it. Only the guest's own accesses count, by the linear address it uses.
    /// </remarks>
    public virtual void Watch(IReadOnlyList<WatchRange> ranges) => throw new NotSupportedException();

    /// <summary>The guest stands before a watched instruction for which <see cref="Run"/> has come out already: it does not do so again before that is done.</summary>
    public virtual void PassWatched()
    {
    }

    /// <summary>Whether this vCPU can hand the guest its own traps without coming out; else <see cref="SetDirectTraps"/> does nothing.</summary>
    public virtual bool DeliversTraps => false;

    /// <summary>Says which traps the guest gets from the vCPU itself from now on, and how; at first it is none.</summary>
    public virtual void SetDirectTraps(in DirectTraps traps)
    {
    }

    /// <summary>How many traps of this vector the guest has got so since the vCPU was made.</summary>
    public virtual long CountDirectTraps(byte vector) => 0;

    public abstract void Dispose();

    /// <summary>Writes the x87 as fxsave does (Intel SDM volume 2).</summary>
    /// <param name="image">512 bytes of zeros.</param>
    public virtual void SaveFpu(Span<byte> image)
    {
    }

    /// <summary>Takes an image of <see cref="SaveFpu"/>, as fxrstor does.</summary>
    public virtual void LoadFpu(ReadOnlySpan<byte> image)
    {
    }

    /// <summary>Sets <see cref="InstructionCount"/>; one that cannot count ignores it.</summary>
    protected virtual void LoadInstructionCount(long count)
    {
    }
}
