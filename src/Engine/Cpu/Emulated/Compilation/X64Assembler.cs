namespace LguestPS.Cpu.Emulated;

/// <summary>General registers of an x64 host, by their numbers in instructions.</summary>
internal static class HostRegister
{
    public const int Rax = 0, Rcx = 1, Rdx = 2, Rbx = 3, Rsp = 4, Rbp = 5, Rsi = 6, Rdi = 7;
    public const int R8 = 8, R9 = 9, R10 = 10, R11 = 11, R12 = 12, R13 = 13, R14 = 14, R15 = 15;

    public const int None = -1;
}

/// <summary>An operand of an x64 instruction that may be a register or memory: [base + index &lt;&lt; scale + displacement].</summary>
internal readonly record struct HostOperand(int Register, int Base, int Index, int Scale, int Displacement)
{
    public bool IsMemory => Register == HostRegister.None;

    public static HostOperand Of(int register) => new(register, 0, 0, 0, 0);

    public static HostOperand At(int @base, int displacement = 0) => new(HostRegister.None, @base, HostRegister.None, 0, displacement);

    public static HostOperand At(int @base, int index, int scale, int displacement) => new(HostRegister.None, @base, index, scale, displacement);
}

/// <summary>Writes x64 instructions into a buffer (Intel SDM volume 2, chapter 2). Jumps between places are relative, so code can be copied as a whole.</summary>
internal sealed unsafe class X64Assembler(byte* buffer)
{
    /// <summary>Bytes written so far: where the next instruction goes.</summary>
    public int Position { get; set; }

    public void Byte(int value) => buffer[Position++] = (byte)value;

    public void Int32(int value)
    {
        *(int*)(buffer + Position) = value;
        Position += 4;
    }

    /// <summary>An instruction with a register field (a register, or more of the opcode) and an operand.</summary>
    /// <param name="size">Of the operands: 1, 2, 4 or 8 bytes.</param>
    /// <param name="opcode">One byte, or two that begin with 0F.</param>
    /// <param name="field">The register field.</param>
    /// <param name="operand">The other operand.</param>
    /// <param name="byteField">Whether the register field is a register of 8 bits.</param>
    public void Op(int size, int opcode, int field, in HostOperand operand, bool byteField = false)
    {
        if (size == 2) Byte(0x66);
        int rex = (size == 8 ? 8 : 0) | (field & 8) >> 1;
        if (operand.IsMemory)
            rex |= (operand.Base > 7 ? 1 : 0) | (operand.Index > 7 ? 2 : 0);
        else
            rex |= operand.Register >> 3;
        // Without the prefix, 4 to 7 would be ah to bh.
        bool needsPrefix = rex != 0 || byteField && field is >= 4 and <= 7 || size == 1 && !operand.IsMemory && operand.Register is >= 4 and <= 7;
        if (needsPrefix) Byte(0x40 | rex);
        if (opcode > 0xFF) Byte(opcode >> 8);
        Byte(opcode);
        Operand(field & 7, operand);
    }

    /// <summary>An instruction on vectors, or on the numbers of the host that they are made from.</summary>
    /// <param name="prefix">0, or a byte that belongs to the opcode and stands before all else.</param>
    /// <param name="opcode">Two or three bytes, the first being 0F.</param>
    /// <param name="field">The register field.</param>
    /// <param name="operand">The other operand.</param>
    public void Vector(int prefix, int opcode, int field, in HostOperand operand)
    {
        if (prefix != 0) Byte(prefix);
        int rex = (field & 8) >> 1;
        if (operand.IsMemory) rex |= (operand.Base > 7 ? 1 : 0) | (operand.Index > 7 ? 2 : 0);
        else rex |= operand.Register >> 3;
        if (rex != 0) Byte(0x40 | rex);
        if (opcode > 0xFFFF) Byte(opcode >> 16);
        Byte(opcode >> 8);
        Byte(opcode);
        Operand(field & 7, operand);
    }

    /// <summary>bextr of 32 bits: bits 0 to 7 of the control register say where they start, bits 8 to 15 how many they are. Only with BMI1.</summary>
    public void ExtractBits(int to, int from, int control)
    {
        Byte(0xC4);
        Byte(((to & 8) ^ 8) << 4 | 0x40 | ((from & 8) ^ 8) << 2 | 2);
        Byte((control ^ 15) << 3);
        Byte(0xF7);
        Operand(to & 7, HostOperand.Of(from));
    }

    /// <summary>An instruction of 8, 16, 32 or 64 bits in the family whose byte form has an opcode one less.</summary>
    public void Sized(int size, int opcode, int field, in HostOperand operand, bool fieldIsRegister = true) =>
        Op(size, size == 1 ? opcode - 1 : opcode, field, operand, size == 1 && fieldIsRegister);

    /// <summary>mov register, register, with the upper half of the destination cleared.</summary>
    public void Move(int to, int from) => Op(4, 0x8B, to, HostOperand.Of(from));

    /// <summary>mov register, operand, of 64 bits.</summary>
    public void Move64(int to, in HostOperand from) => Op(8, 0x8B, to, from);

    public void Load(int to, in HostOperand from) => Op(4, 0x8B, to, from);

    public void Store(in HostOperand to, int from) => Op(4, 0x89, from, to);

    public void Store64(in HostOperand to, int from) => Op(8, 0x89, from, to);

    public void MoveImmediate(int to, uint value)
    {
        if (to > 7) Byte(0x41);
        Byte(0xB8 | to & 7);
        Int32((int)value);
    }

    public void MoveImmediate64(int to, nint value)
    {
        Byte(to > 7 ? 0x49 : 0x48);
        Byte(0xB8 | to & 7);
        *(nint*)(buffer + Position) = value;
        Position += 8;
    }

    /// <summary>lea of 32 bits.</summary>
    public void LoadAddress(int to, in HostOperand from) => Op(4, 0x8D, to, from);

    /// <summary>An arithmetic instruction with an immediate: 0 add, 1 or, 2 adc, 3 sbb, 4 and, 5 sub, 6 xor, 7 cmp.</summary>
    public void Arithmetic(int size, int operation, in HostOperand operand, int immediate)
    {
        bool isShort = size != 1 && immediate is >= -128 and <= 127;
        Op(size, size == 1 ? 0x80 : isShort ? 0x83 : 0x81, operation, operand);
        Immediate(isShort ? 1 : size, immediate);
    }

    /// <summary>A shift by a constant: 0 rol, 1 ror, 4 shl, 5 shr, 7 sar.</summary>
    public void Shift(int size, int operation, in HostOperand operand, int count)
    {
        Sized(size, 0xC1, operation, operand, fieldIsRegister: false);
        Byte(count);
    }

    public void Immediate(int size, int value)
    {
        if (size == 1)
        {
            Byte(value);
        }
        else if (size == 2)
        {
            Byte(value);
            Byte(value >> 8);
        }
        else
        {
            Int32(value);
        }
    }

    /// <summary>jcc or jmp (condition -1) to a place that is set later.</summary>
    /// <returns>Where the displacement is.</returns>
    public int Jump(int condition = -1)
    {
        if (condition < 0)
        {
            Byte(0xE9);
        }
        else
        {
            Byte(0x0F);
            Byte(0x80 | condition);
        }

        Int32(0);
        return Position - 4;
    }

    /// <summary>lea register, [rip + x]: the address, when it runs, of a place that is set later. Registers from r8 on.</summary>
    /// <returns>Where the displacement is.</returns>
    public int LoadPlace(int to)
    {
        Byte(0x4C);
        Byte(0x8D);
        Byte((to & 7) << 3 | 5);
        Int32(0);
        return Position - 4;
    }

    /// <summary>call of a place that is set later.</summary>
    /// <returns>Where the displacement is.</returns>
    public int Call()
    {
        Byte(0xE8);
        Int32(0);
        return Position - 4;
    }

    /// <summary>Makes a jump lead to the next instruction.</summary>
    public void Land(int displacement) => Land(displacement, Position);

    public void Land(int displacement, int position) => *(int*)(buffer + displacement) = position - (displacement + 4);

    private void Operand(int field, in HostOperand operand)
    {
        if (!operand.IsMemory)
        {
            Byte(0xC0 | field << 3 | operand.Register & 7);
            return;
        }

        int low = operand.Base & 7;
        if (operand.Base == HostRegister.None)
        {
            Byte(field << 3 | 4);
            Byte(operand.Scale << 6 | (operand.Index == HostRegister.None ? 4 : operand.Index & 7) << 3 | 5);
            Int32(operand.Displacement);
            return;
        }

        int mode = operand.Displacement == 0 && low != 5 ? 0 : operand.Displacement is >= -128 and <= 127 ? 1 : 2;
        bool needsIndexByte = operand.Index != HostRegister.None || low == 4;
        Byte(mode << 6 | field << 3 | (needsIndexByte ? 4 : low));
        if (needsIndexByte) Byte(operand.Scale << 6 | (operand.Index == HostRegister.None ? 4 : operand.Index & 7) << 3 | low);
        if (mode == 1) Byte(operand.Displacement);
        else if (mode == 2) Int32(operand.Displacement);
    }
}
