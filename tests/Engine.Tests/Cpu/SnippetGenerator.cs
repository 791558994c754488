using Iced.Intel;

namespace LguestPS.Tests.Cpu;

/// <summary>Makes random instructions, short sequences of them, and states in which they do something.</summary>
/// <remarks>
/// Bytes are drawn at random and read back with Iced, so that every encoding occurs, not only an assembler's
/// favourite. Registers are then given values that lead memory operands into the data window.
/// </remarks>
internal sealed partial class SnippetGenerator(Random random, ushort[] selectors)
{
    public SnippetGenerator(int seed, ushort[] selectors) : this(new Random(seed), selectors)
    {
    }

    public const ushort UserCode = 0x23, UserData = 0x2B;

    /// <summary>Where a computed jump leads: among the int3 that fill the code page.</summary>
    private const uint Landing = Oracle.CodeBase + 0x800;

    public const uint Arithmetic = 0x8D5, Direction = 0x400;

    private static readonly uint[] corners =
        [0, 1, 2, 3, 0x7F, 0x80, 0x81, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFE, 0xFFFFFFFF];

    private readonly InstructionInfoFactory information = new();
    private readonly byte[] buffer = new byte[15];

    private readonly uint[] gpr = new uint[8];
    private readonly bool[] claimed = new bool[8], aimed = new bool[8];
    private readonly List<Patch> patches = [];
    private readonly List<Piece> pieces = [];
    private ushort es, ds, fs, gs;
    private bool called;

    /// <summary>The three descriptors every case can use: the window with a tight limit, one that grows down, and all of memory read-only.</summary>
    public static readonly UserSegment[] Segments =
    [
        new(0, Oracle.DataBase, Oracle.WritableSize + 0xFFF, UserSegment.Is32Bit | UserSegment.Usable),
        new(0, Oracle.DataBase - 0x1000, 0x1FFF, UserSegment.Is32Bit | UserSegment.ExpandDown | UserSegment.Usable),
        new(0, 0, 0xFFFFF, UserSegment.Is32Bit | UserSegment.LimitInPages | UserSegment.ReadOnly | UserSegment.Usable),
    ];

    /// <summary>The contents of the data window: noise, with some stretches of one value for repeated compares.</summary>
    public static byte[] Data()
    {
        var data = new byte[Oracle.DataSize];
        new Random(1).NextBytes(data);
        for (int at = 0; at + 64 < data.Length; at += 256) data.AsSpan(at, 64).Fill((byte)(at % 768 == 0 ? 0 : 0xFF));
        return data;
    }

    public TestCase Next()
    {
        pieces.Clear();
        patches.Clear();
        Array.Clear(claimed);
        Array.Clear(aimed);
        called = false;
        for (int i = 0; i < 8; i++) gpr[i] = Chance(25) ? Target() : Value();
        es = Chance(92) ? UserData : Pick(selectors[0], selectors[2]);
        ds = Chance(92) ? UserData : Pick(selectors[0], selectors[1], selectors[2], (ushort)0);
        fs = Pick(UserData, selectors[1], selectors[2], (ushort)0);
        gs = Chance(80) ? selectors[0] : Pick(UserData, (ushort)0);

        int count = Chance(45) ? 1 : random.Next(2, 7);
        for (int length = 0; pieces.Count < count;)
        {
            Piece? piece = TryPiece();
            if (piece is null) continue;
            length += piece.Bytes.Length;
            if (length > OracleTest.MaxCode) break;
            pieces.Add(piece);
            if (Judge.FillsItsSlotAsItLikes(piece.Bytes)) break;
        }

        if (!claimed[4]) gpr[4] = Target();
        return new TestCase(
            [.. pieces], [.. gpr], StartFlags(),
            es, ds, fs, gs, Chance(4) ? (int)Oracle.CodeSize - random.Next(1, 20) : random.Next(0x700), [.. patches], Chance(20));
    }

    private Piece? TryPiece()
    {
        byte[] opcode = OpcodeTable.Weighted[random.Next(OpcodeTable.Weighted.Length)];
        int length = Prefixes(opcode);
        opcode.CopyTo(buffer, length);
        length += opcode.Length;
        int operands = length;
        buffer[length++] = Chance(45) ? (byte)(0xC0 | random.Next(64)) : (byte)random.Next(256);
        if (opcode is [0x0F, 0xC7] && Chance(80)) buffer[operands] = (byte)(buffer[operands] & 0x47 | 8);        // cmpxchg8b
        if (opcode is [0x0F, 0x00] && Chance(50)) buffer[operands] = (byte)(buffer[operands] & 0xCF | 0x20);    // verr, verw
        while (length < 15) length += Word(buffer.AsSpan(length));

        // A lock prefix where none is allowed makes an invalid instruction, and is wanted; other invalid ones are not.
        Decode(DecoderOptions.NoInvalidCheck, out Instruction instruction);
        if (instruction.IsInvalid || !OpcodeTable.Accepts(instruction)) return null;
        bool valid = !Decode(DecoderOptions.None, out _).IsInvalid;
        if (!valid && !instruction.HasLockPrefix) return null;
        if (operands >= instruction.Length && instruction.HasLockPrefix && Chance(50)) return null;

        uint undefined = FlagUse.UndefinedAfter(pieces);
        if ((FlagUse.Bits(instruction.RflagsRead) & undefined) != 0) return null;
        if (!Prepare(ref instruction)) return null;

        foreach (UsedRegister used in information.GetInfo(instruction).GetUsedRegisters())
            if (used.Register.IsGPR()) claimed[used.Register.GetFullRegister32() - Register.EAX] = true;

        byte[] bytes = buffer[..instruction.Length];
        bool branches = instruction.FlowControl is not (FlowControl.Next or FlowControl.Interrupt or FlowControl.Exception);
        var flags = new FlagUse(
            FlagUse.Bits(instruction.RflagsRead), FlagUse.Bits(instruction.RflagsModified), FlagUse.UndefinedBy(instruction),
            instruction.HasRepPrefix || instruction.HasRepnePrefix || ShiftsByCl(instruction), branches);
        if (!IsDirectBranch(instruction)) return new Piece(bytes, flags);

        Decode(DecoderOptions.NoInvalidCheck, out _, out ConstantOffsets offsets);
        bool loop = instruction.Mnemonic is Mnemonic.Loop or Mnemonic.Loope or Mnemonic.Loopne;
        called |= instruction.FlowControl == FlowControl.Call;
        // Going back would run pieces with flags that those after them left undefined.
        int skip = loop && undefined == 0 && !called && Chance(50) ? -1 - random.Next(Math.Min(3, pieces.Count + 1)) : random.Next(3);
        return new Piece(bytes, flags, offsets.ImmediateSize, skip);
    }

    private int Prefixes(byte[] opcode)
    {
        int length = 0;
        bool isString = opcode is [>= 0xA4 and <= 0xA7] or [>= 0xAA and <= 0xAF] or [>= 0x6C and <= 0x6F];
        bool plain = opcode is [< 0x40] or [>= 0x80 and <= 0x8F];
        if (Chance(18)) buffer[length++] = 0x66;
        if (Chance(4)) buffer[length++] = Pick<byte>(0x26, 0x2E, 0x36, 0x3E, 0x64);
        if (Chance(6))
        {
            buffer[length++] = 0x67;
            if (Chance(75)) buffer[length++] = 0x65;      // gs is where 16 bits reach the window
        }
        else if (Chance(4))
        {
            buffer[length++] = 0x65;
        }

        if (Chance(isString ? 60 : plain ? 2 : 0)) buffer[length++] = Pick<byte>(0xF2, 0xF3);
        if (Chance(opcode is [0x0F, 0xB0 or 0xB1 or 0xC0 or 0xC1 or 0xC7 or 0xAB or 0xB3 or 0xBB or 0xBA] ? 20 : 3)) buffer[length++] = 0xF0;
        return length;
    }

    /// <summary>Gives the instruction operands that mean something: addresses in the window, divisors, selectors, small counts.</summary>
    private bool Prepare(ref Instruction instruction)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Div or Mnemonic.Idiv when Chance(75) && Free(0) && Free(2):
                Claim(2, Chance(50) ? 0 : Value() % 16);
                if (Chance(50)) Claim(0, Value() & 0xFFFF);
                if (Chance(30)) { Claim(0, Chance(50) ? 0x80000000 : 0xFFFFFF80 & Value()); Claim(2, (uint)((int)gpr[0] >> 31)); }
                break;
            case Mnemonic.Shld or Mnemonic.Shrd when instruction.Op2Register == Register.CL && !instruction.Op1Register.IsGPR32():
                if (!Free(1)) return false;
                Claim(1, Value() & 0xFFFFFF00 | (uint)random.Next(17));
                break;
            case Mnemonic.Bt or Mnemonic.Btc or Mnemonic.Btr or Mnemonic.Bts when instruction.Op1Kind == OpKind.Register && instruction.Op0Kind == OpKind.Memory:
                Suggest(instruction.Op1Register, (uint)random.Next(-0x6000, 0x6000));
                break;
            case Mnemonic.Loop or Mnemonic.Loope or Mnemonic.Loopne:
                Suggest(Register.ECX, (uint)random.Next(1, 12));
                break;
            case Mnemonic.Retf or Mnemonic.Iretd or Mnemonic.Iret or Mnemonic.Ret when called:
                return false;
            case Mnemonic.Leave:
                Suggest(Register.EBP, Target());
                break;
        }

        if (ShiftsByCl(instruction)) Suggest(Register.ECX, Chance(80) ? (uint)random.Next(40) : Value());
        if (instruction.IsStringInstruction) PrepareString(instruction);

        uint? memory = null;
        for (int i = 0; i < instruction.OpCount; i++)
            if (instruction.GetOpKind(i) == OpKind.Memory) memory = Aim(ref instruction);
        uint? stack = null;
        if (instruction.IsStackInstruction)
        {
            if (Free(4)) { Claim(4, Target()); stack = gpr[4]; }
        }

        PrepareSelectors(instruction, memory, stack);
        PrepareTargets(instruction, memory, stack);
        return true;
    }

    private void PrepareString(in Instruction instruction)
    {
        bool narrow = instruction.Op0Kind is OpKind.MemoryESDI or OpKind.MemorySegSI || instruction.Op1Kind is OpKind.MemoryESDI or OpKind.MemorySegSI;
        uint mask = narrow ? 0xFFFF : uint.MaxValue;
        Suggest(Register.ESI, Value() & ~mask | (Target() - BaseOf(instruction.MemorySegment)) & mask);
        Suggest(Register.EDI, Value() & ~mask | (Target() - BaseOf(Register.ES)) & mask);
        if (instruction.HasRepPrefix || instruction.HasRepnePrefix)
            Suggest(Register.ECX, Chance(90) ? (uint)random.Next(70) : Value());
    }

    /// <summary>Leads a memory operand into the window, as far as its registers are still free.</summary>
    /// <returns>The linear address, if it is known.</returns>
    private uint? Aim(ref Instruction instruction)
    {
        uint linear = Target();
        uint wanted = linear - BaseOf(instruction.MemorySegment);
        Register @base = instruction.MemoryBase, index = instruction.MemoryIndex;
        bool narrow = @base.IsGPR16() || index.IsGPR16() || (@base == Register.None && index == Register.None && instruction.MemoryDisplSize == 2);
        uint mask = narrow ? 0xFFFF : uint.MaxValue;
        if (@base == Register.None && index == Register.None)
        {
            Decode(DecoderOptions.NoInvalidCheck, out _, out ConstantOffsets offsets);
            byte[] displacement = BitConverter.GetBytes(wanted);
            displacement.AsSpan(0, offsets.DisplacementSize).CopyTo(buffer.AsSpan(offsets.DisplacementOffset));
            Decode(DecoderOptions.NoInvalidCheck, out instruction);
            return narrow ? null : linear;
        }

        uint rest = wanted - instruction.MemoryDisplacement32;
        bool exact = !narrow;
        if (index != Register.None && index != Register.AL)
        {
            int number = index.GetFullRegister32() - Register.EAX;
            uint scale = (uint)instruction.MemoryIndexScale;
            if (@base == Register.None)
            {
                if (!Free(number)) return null;
                Claim(number, rest / scale);
                return scale == 1 ? linear : null;
            }

            if (Free(number) && index != @base) Claim(number, Chance(80) ? (uint)random.Next(-64, 64) : Value());
            else exact = false;
            rest -= gpr[number] * scale;
        }

        int baseNumber = @base.GetFullRegister32() - Register.EAX;
        if (!Free(baseNumber)) return null;
        Claim(baseNumber, Value() & ~mask | rest & mask);
        return exact ? linear : null;
    }

    private void PrepareSelectors(in Instruction instruction, uint? memory, uint? stack)
    {
        ushort selector = Chance(70)
            ? Pick(UserData, selectors[0], selectors[1], selectors[2])
            : Pick<ushort>(0, 3, 0x10, 0x23, 0x22, 0x28, 0x29, 4, 7, 0x107, 0x100, 0x200, 0xFFF0, UserData, selectors[2]);
        int offset = 0;
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Mov when instruction.Op0Register.IsSegmentRegister():
                if (instruction.Op1Kind == OpKind.Register) Suggest(instruction.Op1Register, Value() & 0xFFFF0000 | selector);
                break;
            case Mnemonic.Lar or Mnemonic.Lsl when instruction.Op1Kind == OpKind.Register:
                Suggest(instruction.Op1Register, Value() & 0xFFFF0000 | selector);
                break;
            case Mnemonic.Verr or Mnemonic.Verw or Mnemonic.Lldt or Mnemonic.Ltr:
                if (instruction.Op0Kind == OpKind.Register) Suggest(instruction.Op0Register, Value() & 0xFFFF0000 | selector);
                break;
            case Mnemonic.Pop when instruction.Op0Register.IsSegmentRegister():
                Write(stack, 0, BitConverter.GetBytes(selector));
                return;
            case Mnemonic.Lds or Mnemonic.Les or Mnemonic.Lss or Mnemonic.Lfs or Mnemonic.Lgs:
                offset = instruction.Op0Register.IsGPR32() ? 4 : 2;
                break;
            default:
                return;
        }

        Write(memory, offset, BitConverter.GetBytes(selector));
    }

    /// <summary>Puts return addresses, flag images and jump targets where the instruction finds them.</summary>
    private void PrepareTargets(in Instruction instruction, uint? memory, uint? stack)
    {
        uint target = Landing + (uint)random.Next(256);
        ushort code = Chance(85) ? UserCode : Pick<ushort>(0, 3, 0x2B, 0x20, 0x13, 0x107, 0x63);
        uint flags = (uint)random.Next() & (Arithmetic | Direction | 0x200) | (Chance(10) ? 0x100u : 0) | (Chance(10) ? (uint)random.Next() & 0x237000 : 0) | 2;
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Popfd or Mnemonic.Popf:
                Write(stack, 0, BitConverter.GetBytes(flags));
                break;
            case Mnemonic.Ret:
                Write(stack, 0, BitConverter.GetBytes(target));
                break;
            case Mnemonic.Retf when instruction.Code is Code.Retfd or Code.Retfd_imm16:
                Write(stack, 0, [.. BitConverter.GetBytes(target), .. BitConverter.GetBytes((uint)code)]);
                break;
            case Mnemonic.Iretd:
                Write(stack, 0, [.. BitConverter.GetBytes(target), .. BitConverter.GetBytes((uint)code), .. BitConverter.GetBytes(flags)]);
                break;
            case Mnemonic.Call or Mnemonic.Jmp when instruction.Op0Kind == OpKind.Memory:
                Write(memory, 0, [.. BitConverter.GetBytes(target), .. BitConverter.GetBytes(code)]);
                break;
            case Mnemonic.Call or Mnemonic.Jmp when instruction.Op0Kind == OpKind.Register:
                Suggest(instruction.Op0Register, target);
                break;
            case Mnemonic.Call or Mnemonic.Jmp when instruction.Op0Kind is OpKind.FarBranch32 or OpKind.FarBranch16:
                Decode(DecoderOptions.NoInvalidCheck, out _, out ConstantOffsets offsets);
                BitConverter.GetBytes(target).AsSpan(0, offsets.ImmediateSize).CopyTo(buffer.AsSpan(offsets.ImmediateOffset));
                BitConverter.GetBytes(code).CopyTo(buffer.AsSpan(offsets.ImmediateOffset2));
                break;
            case Mnemonic.Cmpxchg8b when Free(0) && Free(2) && Chance(60):
                Claim(0, Value());
                Claim(2, Value());
                Write(memory, 0, [.. BitConverter.GetBytes(gpr[0]), .. BitConverter.GetBytes(gpr[2])]);
                break;
            case Mnemonic.Bound:
                Write(memory, 0, [.. BitConverter.GetBytes(Value()), .. BitConverter.GetBytes(Value())]);
                break;
            case Mnemonic.Enter when Chance(80):
                Decode(DecoderOptions.NoInvalidCheck, out _, out ConstantOffsets enter);
                buffer[enter.ImmediateOffset + 1] = 0;
                buffer[enter.ImmediateOffset2] = (byte)random.Next(Chance(80) ? 4 : 64);
                break;
        }
    }

    private static bool IsDirectBranch(in Instruction instruction) =>
        instruction.OpCount == 1 && instruction.Op0Kind is OpKind.NearBranch16 or OpKind.NearBranch32;

    private static bool ShiftsByCl(in Instruction instruction) =>
        instruction.Op1Register == Register.CL && instruction.Mnemonic is Mnemonic.Rol or Mnemonic.Ror or Mnemonic.Rcl or Mnemonic.Rcr
            or Mnemonic.Shl or Mnemonic.Shr or Mnemonic.Sal or Mnemonic.Sar || instruction.Op2Register == Register.CL;

    private uint BaseOf(Register segment)
    {
        ushort selector = segment switch
        {
            Register.ES => es,
            Register.DS => ds,
            Register.FS => fs,
            Register.GS => gs,
            _ => UserData,
        };
        int index = Array.IndexOf(selectors, selector);
        return index < 0 ? 0 : Segments[index].Base;
    }

    /// <summary>An address in the window, often where a page ends, rights change or the window ends.</summary>
    private uint Target() => Oracle.DataBase + random.Next(100) switch
    {
        < 20 => 0x1000 - (uint)random.Next(9),
        < 30 => 0x2000 - (uint)random.Next(12),
        < 33 => 0x2000 + (uint)random.Next(0x1000),
        < 37 => 0x3000 - (uint)random.Next(9),
        < 40 => (uint)random.Next(16),
        < 42 => (uint)-random.Next(1, 12),
        _ => (uint)random.Next(64, 0x1F80),
    };

    private uint Value() => random.Next(5) switch
    {
        0 or 1 => corners[random.Next(corners.Length)],
        2 => 1u << random.Next(32),
        3 => (uint)random.Next(-200, 200),
        _ => (uint)random.NextInt64(),
    };

    private int Word(Span<byte> into)
    {
        byte[] bytes = BitConverter.GetBytes(Value());
        int length = Math.Min(into.Length, Chance(50) ? 4 : 1);
        bytes.AsSpan(0, length).CopyTo(into);
        return length;
    }

    private void Write(uint? linear, int offset, byte[] bytes)
    {
        if (linear is not { } address) return;
        long at = (long)address + offset - Oracle.DataBase;
        if (at < 0 || at + bytes.Length > Oracle.WritableSize || patches.Count == OracleTest.MaxPatches) return;
        patches.Add(new Patch((int)at, bytes));
    }

    private bool Free(int register) => !claimed[register];

    private void Claim(int register, uint value) => (gpr[register], claimed[register], aimed[register]) = (value, true, true);

    private void Suggest(Register register, uint value)
    {
        if (!register.IsGPR32() && !register.IsGPR16()) return;
        int number = register.GetFullRegister32() - Register.EAX;
        if (Free(number)) Claim(number, value);
    }

    private Instruction Decode(DecoderOptions options, out Instruction instruction) => Decode(options, out instruction, out _);

    private Instruction Decode(DecoderOptions options, out Instruction instruction, out ConstantOffsets offsets)
    {
        Decoder decoder = Decoder.Create(32, buffer, options);
        decoder.Decode(out instruction);
        offsets = decoder.GetConstantOffsets(instruction);
        return instruction;
    }

    private bool Chance(int percent) => random.Next(100) < percent;

    private T Pick<T>(params ReadOnlySpan<T> from) => from[random.Next(from.Length)];
}
