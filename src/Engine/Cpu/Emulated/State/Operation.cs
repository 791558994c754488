using System.Runtime.InteropServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>One decoded instruction, ready to run: 32 bytes, two to a cache line.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Operation
{
    public delegate*<CpuState*, Operation*, TlbEntry*, Operation*> Handler;

    /// <summary>The same instruction with every memory access by page walk; takes over when the TLB cannot serve.</summary>
    public delegate*<CpuState*, Operation*, TlbEntry*, Operation*> SlowHandler;

    public uint Immediate;
    public uint Displacement;

    /// <summary>Registers as byte offsets in <see cref="CpuState"/>.</summary>
    public byte Destination, Source, Base, Index;

    /// <summary>Shift count for the index register.</summary>
    public byte Scale;

    /// <summary>Number of the segment register of the memory operand.</summary>
    public byte Segment;

    /// <summary>This operation's position in its block.</summary>
    public byte Slot;

    public OperationTraits Traits;
}

[Flags]
internal enum OperationTraits : byte
{
    None = 0,

    /// <summary>The effective address wraps at 64 KiB.</summary>
    ShortAddress = 1,
    Repeat = 2,
    RepeatWhileNotEqual = 4,
}

/// <summary>A way to another block; also the form of a jump cache entry.</summary>
/// <remarks>Until it leads somewhere its <see cref="Count"/> is more than any budget, which saves a check on the hot path.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Link
{
    public const int Never = int.MaxValue;

    public Operation* Target;
    public uint Eip;

    /// <summary>Instructions in the target block.</summary>
    public int Count;

    /// <summary>In place of a target: this link leads to another page and must go through the jump cache.</summary>
    public static Operation* OtherPage => (Operation*)1;
}

/// <summary>What only faults and exits need to know about an operation.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OperationInfo
{
    /// <summary>Bytes from the start of the block.</summary>
    public ushort Offset;

    /// <summary>Bytes that the instruction takes, or the two that were fused.</summary>
    public byte Length;

    /// <summary>Instructions before this one in the block.</summary>
    public byte Ordinal;

    /// <summary>Instructions that the operation stands for.</summary>
    public byte Count;
}

/// <summary>Head of a translated block. Its operations follow it in memory, and their <see cref="OperationInfo"/> follow them.</summary>
[StructLayout(LayoutKind.Sequential, Size = 64)]
internal unsafe struct Block
{
    /// <summary>The most instructions in a block; it also bounds how deep handlers nest where tail calls are missing.</summary>
    public const int MaxInstructions = 64;

    public uint Eip;
    public uint Physical;

    /// <summary>For a block whose one instruction reaches into the next page, the frame it continues in.</summary>
    public uint SecondFrame;

    public CpuMode Mode;
    public ushort Bytes;
    public byte Instructions;
    public byte Operations;
    public bool Straddles;
    public bool Dropped;

    /// <summary>Slot of the two links, or 0 if there are none.</summary>
    public byte LinkSlot;

    /// <summary>By how many visits to its machine code paid more than did not: see <see cref="CompiledCode"/>.</summary>
    public sbyte Credit;

    /// <summary>How much it has been run, as far as anybody noticed: see <see cref="CompiledCode"/>.</summary>
    public int Heat;

    /// <summary>Number of its compiled form, 0 if there is none yet, <see cref="CompiledCode.NotWorthIt"/> if there will be none.</summary>
    public int Compiled;

    /// <summary>Where compiled code goes to run this block: its own machine code, or the way back to the chains.</summary>
    public nint Code;

    public Block* NextInBucket;

    /// <summary>Next block of the same frame, and of the second frame if it straddles.</summary>
    public Block* NextInFrame;
    public Block* NextInSecondFrame;

    public static Operation* First(Block* block) => (Operation*)(block + 1);

    public static Block* Of(Operation* operation) => (Block*)(operation - operation->Slot) - 1;

    public static OperationInfo* InfoOf(Operation* operation)
    {
        Block* block = Of(operation);
        return (OperationInfo*)(First(block) + block->Operations) + operation->Slot;
    }
}
