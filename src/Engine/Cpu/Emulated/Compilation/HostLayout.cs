using System.Runtime.InteropServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>Where compiled code keeps the guest's registers, and where it finds the rest.</summary>
/// <remarks>
/// The guest's registers stay in the host's from block to block. rax holds the guest's status flags as lahf (ah) and seto (al) leave them,
/// which is two instructions to keep and two to bring back; r10, r11 and r15 are free for each instruction.
/// </remarks>
internal static unsafe class HostLayout
{
    public const int Flags = HostRegister.Rax;
    public const int Eax = HostRegister.R8;
    public const int Ecx = HostRegister.Rcx;
    public const int Edx = HostRegister.Rdx;
    public const int Esp = HostRegister.R9;
    public const int Ebp = HostRegister.Rbp;
    public const int Tlb = HostRegister.R12;
    public const int Budget = HostRegister.R13;

    /// <summary>Points <see cref="StateBias"/> bytes into the state, which lies so that the low 16 bits of this address are what makes bextr give the number of a TLB entry: ten bits from the twelfth.</summary>
    public const int StatePointer = HostRegister.R14;

    /// <summary>Where a <see cref="CpuState"/> starts in 64 KiB.</summary>
    public const int StateOffset = TlbIndexBits << 8;
    public const int StateBias = Memory.GuestMemory.PageShift;
    private const int TlbIndexBits = 10;

    /// <summary>Temporaries. The first holds addresses.</summary>
    public const int Address = HostRegister.R10, Other = HostRegister.R11, Third = HostRegister.R15;

    /// <summary>By the guest's number of the register: eax, ecx, edx, ebx, esp, ebp, esi, edi.</summary>
    public static ReadOnlySpan<byte> General => [8, 1, 2, 3, 9, 5, 6, 7];

    public static readonly int BudgetOffset, JumpsOffset, TlbOffset, EipOffset, EflagsOffset, FlagResultOffset, FlagCarriesOffset, SegmentsOffset;
    public static readonly int ExitFirstOffset, ExitSecondOffset, ExitKindOffset, ExitFlagsOffset, ScratchOffset, CodeOffset;
    public static readonly int VectorsReadyOffset, XmmOffset, MxcsrOffset, TaskSwitchedOffset, RepeatLimitOffset;
    public static readonly int FpuLoadedOffset, FpuHoldOffset, FpuImageOffset, FpuControlOffset, NotedOpcodeOffset, NotedEipOffset, NotedDataOffset, NotedSegmentOffset;
    public static readonly int EdgesOffset, LastBlockOffset;
    public static readonly int SegmentReadEnd, SegmentWriteEnd, SegmentBase;

    static HostLayout()
    {
        var cpu = (CpuState*)NativeMemory.Alloc((nuint)sizeof(CpuState));
        BudgetOffset = (int)((byte*)&cpu->Budget - (byte*)cpu);
        JumpsOffset = (int)((byte*)&cpu->Jumps - (byte*)cpu);
        TlbOffset = (int)((byte*)&cpu->Tlb - (byte*)cpu);
        EipOffset = (int)((byte*)&cpu->Registers.Eip - (byte*)cpu);
        EflagsOffset = (int)((byte*)&cpu->Registers.Eflags - (byte*)cpu);
        FlagResultOffset = (int)((byte*)&cpu->FlagResult - (byte*)cpu);
        FlagCarriesOffset = (int)((byte*)&cpu->FlagCarries - (byte*)cpu);
        SegmentsOffset = (int)((byte*)&cpu->Es - (byte*)cpu);
        ExitFirstOffset = (int)((byte*)&cpu->Exit.First - (byte*)cpu);
        ExitSecondOffset = (int)((byte*)&cpu->Exit.Second - (byte*)cpu);
        ExitKindOffset = (int)((byte*)&cpu->Exit.Kind - (byte*)cpu);
        ExitFlagsOffset = (int)((byte*)&cpu->Exit.Flags - (byte*)cpu);
        ScratchOffset = (int)((byte*)&cpu->Exit.Scratch - (byte*)cpu);
        VectorsReadyOffset = (int)((byte*)&cpu->Exit.Vectors - (byte*)cpu);
        XmmOffset = (int)((byte*)&cpu->Vectors - (byte*)cpu);
        MxcsrOffset = XmmOffset + VectorState.MxcsrOffset;
        TaskSwitchedOffset = (int)((byte*)&cpu->TaskSwitched - (byte*)cpu);
        RepeatLimitOffset = (int)((byte*)&cpu->RepeatLimit - (byte*)cpu);
        FpuLoadedOffset = (int)(&cpu->Exit.FpuLoaded - (byte*)cpu);
        FpuHoldOffset = (int)((byte*)&cpu->Exit.FpuHold - (byte*)cpu);
        FpuImageOffset = (int)((byte*)&cpu->Exit.FpuImage - (byte*)cpu);
        FpuControlOffset = (int)((byte*)FpuState.ControlOf(&cpu->Fpu) - (byte*)cpu);
        NotedOpcodeOffset = (int)((byte*)&cpu->Exit.NotedOpcode - (byte*)cpu);
        NotedEipOffset = (int)((byte*)&cpu->Exit.NotedEip - (byte*)cpu);
        NotedDataOffset = (int)((byte*)&cpu->Exit.NotedData - (byte*)cpu);
        NotedSegmentOffset = (int)((byte*)&cpu->Exit.NotedSegment - (byte*)cpu);
        EdgesOffset = (int)((byte*)&cpu->Edges - (byte*)cpu);
        LastBlockOffset = (int)((byte*)&cpu->LastBlock - (byte*)cpu);
        SegmentReadEnd = (int)((byte*)&cpu->Es.ReadEnd - (byte*)&cpu->Es);
        SegmentWriteEnd = (int)((byte*)&cpu->Es.WriteEnd - (byte*)&cpu->Es);
        SegmentBase = (int)((byte*)&cpu->Es.Base - (byte*)&cpu->Es);
        NativeMemory.Free(cpu);

        // From a block's first operation, which is what jumps know, to the block's code.
        Block block = default;
        CodeOffset = (int)((byte*)&block.Code - (byte*)&block) - sizeof(Block);
    }

    public static HostOperand InState(int offset) => HostOperand.At(StatePointer, offset - StateBias);
}
