using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>Everything the handlers work on, in native memory so that they need neither the collector nor a bounds check.</summary>
/// <remarks>
/// The hot fields come first: an instruction names a register by its byte offset in here (see <see cref="RegisterOffset"/>).
/// While code runs, the six status flags live in <see cref="FlagResult"/> and <see cref="FlagCarries"/> (see <see cref="Eflags"/>)
/// and only the other bits of <see cref="GuestRegisters.Eflags"/> are valid.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CpuState
{
    public GuestRegisters Registers;

    /// <summary>Always zero: what an absent base or index register reads.</summary>
    public uint Zero;

    public long FlagResult;
    public uint FlagCarries;
    public CpuMode Mode;

    /// <summary>Instructions left in this slice; a block takes its share when it is entered.</summary>
    public long Budget;

    /// <summary>Instructions in this slice.</summary>
    public long Slice;

    /// <summary>Instructions that compiled code may add to this slice while it runs.</summary>
    public long Reserve;

    /// <summary>The jump cache of the current privilege level.</summary>
    public Link* Jumps;

    /// <summary><see cref="Flow.Depart"/>.</summary>
    public delegate*<CpuState*, Operation*, TlbEntry*, Operation*> Depart;

    /// <summary>The TLB of the current privilege level.</summary>
    public TlbEntry* Tlb;

    /// <summary>Where <see cref="SlowMemory"/> put the operand of the access in progress.</summary>
    public byte* Operand;

    /// <summary>The link that was followed and led nowhere yet.</summary>
    public Link* Unlinked;

    public Segment Es;
    public Segment Cs;
    public Segment Ss;
    public Segment Ds;
    public Segment Fs;
    public Segment Gs;

    /// <summary>0xFFFF or 0xFFFFFFFF, by the stack segment's size.</summary>
    public uint StackMask;

    public ExitCause Cause;
    public byte Vector;
    public uint ErrorCode;
    public uint FaultAddress;

    /// <summary>Translated code was dropped, perhaps the running block: leave it after this instruction.</summary>
    public bool CodeDropped;

    /// <summary>The host watches memory: the long way round asks <see cref="Watchpoints.Permits"/>.</summary>
    public bool Watching;

    /// <summary>CR0.TS.</summary>
    public bool TaskSwitched;

    /// <summary>The guest's kernel may use <c>vmcall</c> as its hypercall.</summary>
    public bool AcceptsVmcall;

    /// <summary>mov or pop has just loaded ss: the single-step trap waits for the next instruction, which loads esp.</summary>
    public bool StackLoaded;

    /// <summary>Iterations that a repeated string instruction may do before it counts as one more.</summary>
    public uint RepeatLimit;

    /// <summary>What was left of it when an iteration could not be done.</summary>
    public uint RepeatLeft;

    /// <summary>A repeated string instruction counts as done, but is not over: it starts again.</summary>
    public bool Repeating;

    /// <summary>Address of a local of the last <see cref="Depart"/>: shows how deep the handlers are nested.</summary>
    public nint StackMark;

    public PendingStore Store;

    /// <summary>The 32 descriptors of the GDT.</summary>
    public ulong* Descriptors;

    /// <summary>For each vector the highest privilege level that may use it in an <c>int</c> instruction.</summary>
    public byte* GatePrivileges;

    /// <summary>Handle of the <see cref="EmulatedCpu"/>.</summary>
    public nint Owner;

    /// <summary>The counts of the <see cref="CoverageMap"/>, or null.</summary>
    public byte* Edges;

    /// <summary>Half the number of the covered block that was entered last; 0 if the guest came from elsewhere.</summary>
    public uint LastBlock;

    /// <summary>How compiled code was left.</summary>
    public CompiledExit Exit;

    public FpuState Fpu;
    public VectorState Vectors;

    /// <summary>Holds an operand that crosses a page while an instruction works on it.</summary>
    public fixed byte Bounce[(int)FpuImages.ExtendedBytes];

    /// <summary>Makes one, all zero; it lies where machine code wants it.</summary>
    public static CpuState* Allocate()
    {
        const nuint Alignment = 64 * 1024;
        byte* block = (byte*)NativeMemory.AlignedAlloc(HostLayout.StateOffset + (nuint)sizeof(CpuState), Alignment);
        var state = (CpuState*)(block + HostLayout.StateOffset);
        *state = default;
        return state;
    }

    public static void Free(CpuState* state) => NativeMemory.AlignedFree((byte*)state - HostLayout.StateOffset);

    public readonly int PrivilegeLevel => Registers.Cs & 3;

    public static EmulatedCpu OwnerOf(CpuState* cpu) => Unsafe.As<EmulatedCpu>(GCHandle.FromIntPtr(cpu->Owner).Target!);

    /// <summary>The segment register with the given number in the order of the instruction set: es, cs, ss, ds, fs, gs.</summary>
    public static Segment* SegmentOf(CpuState* cpu, int index) => &cpu->Es + index;

    /// <summary>Records a fault for the host.</summary>
    /// <returns>False, so that a check can end with it.</returns>
    public static bool Raise(CpuState* cpu, byte vector, uint errorCode = 0)
    {
        cpu->Cause = ExitCause.Trap;
        cpu->Vector = vector;
        cpu->ErrorCode = errorCode;
        cpu->FaultAddress = 0;
        return false;
    }

    public static bool RaisePageFault(CpuState* cpu, uint errorCode, uint linear)
    {
        Raise(cpu, Cpu.Vector.PageFault, errorCode);
        cpu->FaultAddress = linear;
        return false;
    }

    /// <summary>Records an access to a page of devices for the host.</summary>
    /// <inheritdoc cref="Raise" path="/returns"/>
    public static bool RaiseDeviceAccess(CpuState* cpu, uint errorCode, uint linear)
    {
        RaisePageFault(cpu, errorCode, linear);
        cpu->Cause = ExitCause.Device;
        return false;
    }
}

/// <summary>Why the handlers stopped.</summary>
internal enum ExitCause : byte
{
    /// <summary>No reason of its own: go on at eip.</summary>
    None,
    Trap,
    Dead,

    /// <summary>The host watches this instruction, or something it accesses.</summary>
    Watched,

    /// <summary>The instruction touches a page of devices; what trap 14 would say of it is recorded.</summary>
    Device,
}

/// <summary>What a translated block takes for granted; part of its key.</summary>
[Flags]
internal enum CpuMode : uint
{
    None = 0,

    /// <summary>ds, es and ss are writable, start at 0 and span 4 GiB.</summary>
    FlatData = 1,

    /// <summary>cs starts at 0 and spans 4 GiB.</summary>
    FlatCode = 2,

    /// <summary>Blocks of one instruction.</summary>
    SingleStep = 4,

    /// <summary>Blocks that note in the <see cref="CoverageMap"/> that they were entered.</summary>
    Covered = 8,

    /// <summary>cs is a segment of 16-bit code; never together with <see cref="FlatCode"/>.</summary>
    ShortCode = 16,
}

/// <summary>Byte offsets of registers in <see cref="CpuState"/>.</summary>
internal static class RegisterOffset
{
    public const byte Eax = 0;
    public const byte Ecx = 4;
    public const byte Edx = 8;
    public const byte Ebx = 12;
    public const byte Esp = 16;
    public const byte Ebp = 20;
    public const byte Esi = 24;
    public const byte Edi = 28;

    /// <summary><see cref="CpuState.Zero"/>.</summary>
    public const byte None = 52;
}
