using static LguestPS.Cpu.Emulated.HostLayout;

namespace LguestPS.Cpu.Emulated;

/// <summary>The machine code that every compiled block shares: the way in, and the ways out.</summary>
internal sealed unsafe class EntryCode
{
    private const int Combinations = 256;
    private const int XmmRegisters = 8;

    /// <summary>Status flags in ah, as lahf leaves them (Intel SDM volume 2).</summary>
    private const int Carry = 1, AlwaysOne = 2, Parity = 4, Adjust = 16, Zero = 64, Sign = 128;

    private readonly X64Assembler assembler;
    private readonly int flagTable;

    public EntryCode(byte* buffer, byte* start)
    {
        assembler = new X64Assembler(buffer);
        flagTable = 0;
        WriteFlagTable(buffer);
        Enter = start + assembler.Position;
        WriteEnter();
        LoadVectors = assembler.Position;
        WriteLoadVectors();
        Leave = assembler.Position;
        WriteLeave();
        LinkExit = WriteExit(ExitKind.Link);
        LoopExit = WriteExit(ExitKind.Loop);
        FpuExit = WriteExit(ExitKind.Fpu);
        JumpExit = assembler.Position;
        assembler.Store(InState(EipOffset), Address);
        WriteExit(ExitKind.Jump);
        BlockExit = assembler.Position;
        assembler.Move64(Address, HostOperand.Of(Other));
        WriteExit(ExitKind.Block);
        LogicTest = start + assembler.Position;
        WriteLogicTest();
        Length = assembler.Position + 63 & ~63;
    }

    /// <summary>void (CpuState*, code): runs code until it leaves.</summary>
    public byte* Enter { get; }

    /// <summary>uint (): the flags, as lahf shows them, after and, or, xor and test of numbers that carry in every way; all of AF.</summary>
    public byte* LogicTest { get; }

    /// <summary>Offset of what brings the guest's vectors into the host's registers, as far as the guest may use them now; ends by returning.</summary>
    public int LoadVectors { get; }

    /// <summary>Offset of what all exits end in: r15 is <see cref="CompiledExit.Kind"/>, r10 and r11 are the exit's first and second.</summary>
    public int Leave { get; }

    /// <summary>Offsets. r10 and r11 are the exit's first and second.</summary>
    public int LinkExit { get; }

    public int LoopExit { get; }

    /// <summary>r10 is where to go on.</summary>
    public int FpuExit { get; }

    /// <summary>r10 is the eip.</summary>
    public int JumpExit { get; }

    /// <summary>r11 is the block's first operation.</summary>
    public int BlockExit { get; }

    /// <summary>Bytes that all this takes.</summary>
    public int Length { get; }

    /// <summary>For each value of ah, what <see cref="CpuState.FlagResult"/> and <see cref="CpuState.FlagCarries"/> are, OF left out.</summary>
    private void WriteFlagTable(byte* buffer)
    {
        for (int ah = 0; ah < Combinations; ah++)
        {
            uint low = (ah & Zero) != 0 ? 0u : 0x100u;
            uint high = ((ah & Sign) != 0 ? 0x80000000 : 0) | ((ah & Parity) != 0 ? 0 : 1u);
            uint carry = (uint)ah & Carry;
            ((ulong*)buffer)[2 * ah] = (ulong)high << 32 | low;
            ((ulong*)buffer)[2 * ah + 1] = carry << 31 | carry << 30 | ((ah & Adjust) != 0 ? 8u : 0);
        }

        assembler.Position = 16 * Combinations;
    }

    private void WriteEnter()
    {
        foreach (int register in (ReadOnlySpan<int>)[HostRegister.Rbx, HostRegister.Rbp]) assembler.Byte(0x50 | register);
        for (int register = HostRegister.R12; register <= HostRegister.R15; register++) Push(0x50, register);
        assembler.Op(8, 0x83, 5, HostOperand.Of(HostRegister.Rsp));
        assembler.Byte(8);
        assembler.Op(8, 0x8D, StatePointer, HostOperand.At(HostRegister.Rdi, StateBias));
        assembler.Move64(Address, HostOperand.Of(HostRegister.Rsi));
        assembler.Load(Flags, InState(ExitFlagsOffset));
        assembler.Move64(Budget, InState(BudgetOffset));
        assembler.Move64(Tlb, InState(TlbOffset));
        assembler.Op(1, 0x80, 7, InState(FpuLoadedOffset));
        assembler.Byte(0);
        int noFpu = assembler.Jump(4);
        assembler.Move64(Other, InState(FpuImageOffset));
        assembler.Vector(0, 0x0FAE, 1, HostOperand.At(Other));     // fxrstor
        assembler.Land(noFpu);
        for (int i = 0; i < General.Length; i++) assembler.Load(General[i], InState(i * 4));
        assembler.Op(4, 0xFF, 4, HostOperand.Of(Address));
    }

    /// <summary>Changes r11 and the host's flags.</summary>
    private void WriteLoadVectors()
    {
        assembler.Op(1, 0x80, 7, InState(TaskSwitchedOffset));
        assembler.Byte(0);
        int present = assembler.Jump(4);
        assembler.Byte(0xC3);
        assembler.Land(present);
        assembler.Op(1, 0x80, 7, InState(VectorsReadyOffset));
        assembler.Byte(0);
        int loaded = assembler.Jump(5);
        for (int i = 0; i < XmmRegisters; i++) assembler.Vector(0, 0x0F10, i, InState(XmmOffset + i * 16));
        SetReady(VectorsReady.Registers);
        assembler.Land(loaded);
        assembler.Load(Other, InState(MxcsrOffset));
        assembler.Op(4, 0xF7, 2, HostOperand.Of(Other));
        assembler.Op(4, 0xF7, 0, HostOperand.Of(Other));
        assembler.Int32((int)MxcsrBits.AllMasked);
        int masked = assembler.Jump(4);
        assembler.Byte(0xC3);
        assembler.Land(masked);
        assembler.Vector(0, 0x0FAE, 2, InState(MxcsrOffset));     // ldmxcsr
        SetReady(VectorsReady.WithFloats);
        assembler.Byte(0xC3);
    }

    private void SetReady(VectorsReady level)
    {
        assembler.Op(1, 0xC6, 0, InState(VectorsReadyOffset));
        assembler.Byte((int)level);
    }

    /// <summary>Puts the guest's vectors and x87 back, and gives the host its own control words again. Who called machine code does the rest.</summary>
    private void WriteStoreVectors()
    {
        assembler.Op(1, 0x80, 7, InState(FpuLoadedOffset));
        assembler.Byte(0);
        int noFpu = assembler.Jump(4);
        assembler.Move64(Other, InState(FpuImageOffset));
        assembler.Vector(0, 0x0FAE, 0, HostOperand.At(Other));     // fxsave
        assembler.Byte(0xDB);                                     // fninit
        assembler.Byte(0xE3);
        int both = assembler.Jump();
        assembler.Land(noFpu);
        assembler.Op(1, 0x80, 7, InState(VectorsReadyOffset));
        assembler.Byte((int)VectorsReady.Registers);
        int none = assembler.Jump(2);
        for (int i = 0; i < XmmRegisters; i++) assembler.Vector(0, 0x0F11, i, InState(XmmOffset + i * 16));
        int noFloats = assembler.Jump(4);
        assembler.Vector(0, 0x0FAE, 3, InState(MxcsrOffset));     // stmxcsr
        assembler.Land(both);
        assembler.Op(4, 0xC7, 0, InState(ScratchOffset));
        assembler.Int32((int)MxcsrBits.Initial);
        assembler.Vector(0, 0x0FAE, 2, InState(ScratchOffset));
        assembler.Land(none);
        assembler.Land(noFloats);
    }

    /// <summary>The kind is in r15, what belongs to it in r10 and r11.</summary>
    private void WriteLeave()
    {
        assembler.Store64(InState(ExitFirstOffset), Address);
        assembler.Store64(InState(ExitSecondOffset), Other);
        assembler.Store(InState(ExitKindOffset), Third);
        for (int i = 0; i < General.Length; i++) assembler.Store(InState(i * 4), General[i]);
        assembler.Store64(InState(BudgetOffset), Budget);
        WriteStoreVectors();

        assembler.Move(Address, Flags);
        assembler.Shift(4, 5, HostOperand.Of(Address), 8);
        assembler.Op(4, 0x0FB6, Address, HostOperand.Of(Address));
        assembler.Shift(4, 4, HostOperand.Of(Address), 4);
        assembler.Land(assembler.LoadPlace(Other), flagTable);
        assembler.Move64(Third, HostOperand.At(Other, Address, 0, 0));
        assembler.Store64(InState(FlagResultOffset), Third);
        assembler.Load(Third, HostOperand.At(Other, Address, 0, 8));
        assembler.Arithmetic(4, 4, HostOperand.Of(Flags), 1);
        assembler.Shift(4, 4, HostOperand.Of(Flags), 30);
        assembler.Op(4, 0x33, Third, HostOperand.Of(Flags));
        assembler.Store(InState(FlagCarriesOffset), Third);

        assembler.Op(8, 0x83, 0, HostOperand.Of(HostRegister.Rsp));
        assembler.Byte(8);
        for (int register = HostRegister.R15; register >= HostRegister.R12; register--) Push(0x58, register);
        foreach (int register in (ReadOnlySpan<int>)[HostRegister.Rbp, HostRegister.Rbx]) assembler.Byte(0x58 | register);
        assembler.Byte(0xC3);
    }

    private int WriteExit(ExitKind kind)
    {
        int position = assembler.Position;
        assembler.MoveImmediate(Third, (uint)kind);
        assembler.Land(assembler.Jump(), Leave);
        return position;
    }

    private void WriteLogicTest()
    {
        // The flags of each are collected in r8; edi and esi are never the host's to keep.
        HostOperand operand = HostOperand.Of(HostRegister.Rdi);
        assembler.MoveImmediate(HostRegister.R8, 0);
        foreach (int opcode in (ReadOnlySpan<int>)[0x21, 0x09, 0x31, 0x85])
        {
            assembler.MoveImmediate(HostRegister.Rdi, uint.MaxValue);
            assembler.MoveImmediate(HostRegister.Rsi, 1);
            assembler.Arithmetic(4, 0, operand, 1);                       // leaves AF set
            assembler.MoveImmediate(HostRegister.Rdi, uint.MaxValue);
            assembler.Op(4, opcode, HostRegister.Rsi, operand);
            assembler.Byte(0x9F);
            assembler.Op(4, 0x0B, HostRegister.R8, HostOperand.Of(HostRegister.Rax));
        }

        assembler.Move(HostRegister.Rax, HostRegister.R8);
        assembler.Shift(4, 5, HostOperand.Of(HostRegister.Rax), 8);
        assembler.Arithmetic(4, 4, HostOperand.Of(HostRegister.Rax), Adjust);
        assembler.Byte(0xC3);
    }

    private void Push(int opcode, int register)
    {
        assembler.Byte(0x41);
        assembler.Byte(opcode | register & 7);
    }
}
