using System.Runtime.InteropServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>What machine code and its caller tell each other besides the guest's registers.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CompiledExit
{
    /// <summary>Depends on the kind: see <see cref="ExitKind"/>.</summary>
    public nint First, Second;

    /// <summary>An <see cref="ExitKind"/>, and above it, for an operation, the instructions from it to the end of its block.</summary>
    public int Kind;

    public const int CountShift = 8, KindMask = (1 << CountShift) - 1;

    /// <summary>On the way in, the guest's status flags as lahf (in bits 8 to 15) and seto (in bit 0) show them.</summary>
    public uint Flags;

    /// <summary>Holds a value across the check of a second operand in memory.</summary>
    public uint Scratch;

    /// <summary>What of the guest's vectors is in the host's registers while machine code runs.</summary>
    public VectorsReady Vectors;

    /// <summary>Not 0 if the guest's x87 (and with it its vectors) is in the host's registers while machine code runs.</summary>
    public byte FpuLoaded;

    /// <summary>How often machine code that wants the x87 is to do without.</summary>
    public int FpuHold;

    /// <summary>Where the x87 is on the way in and out, as fxsave has it.</summary>
    public nint FpuImage;

    /// <summary>Of the last x87 instruction that ran as machine code: its opcode and <see cref="Noted"/>, its address, its operand's offset and one more than the number of its segment.</summary>
    public int NotedOpcode;
    public uint NotedEip, NotedData;
    public int NotedSegment;

    /// <summary>In <see cref="NotedOpcode"/>: there was one.</summary>
    public const int Noted = 1 << 16;
}

/// <summary>How compiled code ends; the guest's registers and the budget are back in <see cref="CpuState"/>.</summary>
internal enum ExitKind
{
    /// <summary>Go on at eip by way of the loop.</summary>
    Loop,

    /// <summary>Go on with an operation of the chain (first), through the given handler (second): nothing of it has been done.</summary>
    Operation,

    /// <summary>Follow a <see cref="Link"/> (first), and make the jump at an address (second) lead to its target.</summary>
    Link,

    /// <summary>Go on at eip; the jump cache did not know it, or not its block's code.</summary>
    Jump,

    /// <summary>Bring the x87 into the host's registers and go on in machine code at an address (first).</summary>
    Fpu,

    /// <summary>Go on with the block of an operation (first), which is not compiled. Its share of the budget is not taken yet.</summary>
    Block,
}
