namespace LguestPS.Cpu.Emulated;

/// <summary>daa and das: al after adding or subtracting two packed decimal digits.</summary>
internal readonly unsafe struct AdjustPacked<TOp> : IPlain where TOp : IBinary
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        byte before = (byte)cpu->Registers.Eax;
        bool carry = LazyFlags.IsCarry(cpu);
        bool adjust = LazyFlags.IsAdjust(cpu) || (before & 15) > 9;
        bool high = carry || before > 0x99;
        uint correction = (adjust ? 6u : 0) + (high ? 0x60u : 0);
        byte result = (byte)TOp.Result(cpu, before, correction);

        // das also borrows when only the low digit is corrected and there is nothing to borrow from.
        bool borrows = typeof(TOp) == typeof(Subtract) && adjust && before < 6;
        *(byte*)&cpu->Registers.Eax = result;
        LazyFlags.Set<Bits8>(cpu, result, 0);
        cpu->FlagCarries = LazyFlags.Carries(high || borrows ? 1u : 0, 0) | (adjust ? 8u : 0);
        return true;
    }
}

/// <summary>aaa and aas: ax after adding or subtracting two unpacked decimal digits.</summary>
internal readonly unsafe struct AdjustUnpacked<TOp> : IPlain where TOp : IBinary
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        ushort ax = (ushort)cpu->Registers.Eax;
        bool adjust = LazyFlags.IsAdjust(cpu) || (ax & 15) > 9;
        if (adjust) ax = (ushort)TOp.Result(cpu, ax, 0x106);
        *(ushort*)&cpu->Registers.Eax = (ushort)(ax & 0xFF0F);
        LazyFlags.Set<Bits8>(cpu, (byte)(ax & 15), 0);
        cpu->FlagCarries = LazyFlags.Carries(adjust ? 1u : 0, 0) | (adjust ? 8u : 0);
        return true;
    }
}

/// <summary>aam.</summary>
internal readonly unsafe struct AdjustMultiply : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        byte radix = (byte)op->Immediate;
        if (radix == 0) return CpuState.Raise(cpu, Vector.DivideError);
        byte al = (byte)cpu->Registers.Eax;
        *(ushort*)&cpu->Registers.Eax = (ushort)(al / radix << 8 | al % radix);
        LazyFlags.Set<Bits8>(cpu, (uint)(al % radix), 0);
        return true;
    }
}

/// <summary>aad.</summary>
internal readonly unsafe struct AdjustDivide : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        byte result = (byte)((byte)cpu->Registers.Eax + (byte)(cpu->Registers.Eax >> 8) * (byte)op->Immediate);
        *(ushort*)&cpu->Registers.Eax = result;
        LazyFlags.Set<Bits8>(cpu, result, 0);
        return true;
    }
}
