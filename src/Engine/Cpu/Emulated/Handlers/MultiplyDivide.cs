using System.Runtime.CompilerServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>edx:eax (dx:ax, ah:al) as one number.</summary>
internal static unsafe class WideAccumulator
{
    public static ulong Read<TSize>(CpuState* cpu) where TSize : IOperandSize => TSize.Bits switch
    {
        8 => (ushort)cpu->Registers.Eax,
        16 => (ushort)cpu->Registers.Eax | cpu->Registers.Edx << 16,
        _ => cpu->Registers.Eax | (ulong)cpu->Registers.Edx << 32,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write<TSize>(CpuState* cpu, uint low, uint high) where TSize : IOperandSize
    {
        TSize.Write(&cpu->Registers.Eax, low);
        TSize.Write(TSize.Bits == 8 ? (byte*)cpu + 1 : (byte*)&cpu->Registers.Edx, high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetFlags<TSize>(CpuState* cpu, uint low, bool overflow) where TSize : IOperandSize
    {
        cpu->FlagResult = TSize.Extend(low);
        cpu->FlagCarries = overflow ? LazyFlags.Carries(1, 1) : 0;
    }
}

internal readonly unsafe struct MultiplyUnsigned : IReads
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        ulong product = (ulong)TSize.Read(&cpu->Registers.Eax) * value;
        uint high = (uint)(product >> TSize.Bits);
        WideAccumulator.Write<TSize>(cpu, (uint)product, high);
        if (TFlags.AreSeen) WideAccumulator.SetFlags<TSize>(cpu, (uint)product, high != 0);
        return true;
    }
}

internal readonly unsafe struct MultiplySigned : IReads
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        long product = (long)TSize.Extend(TSize.Read(&cpu->Registers.Eax)) * TSize.Extend(value);
        WideAccumulator.Write<TSize>(cpu, (uint)product, (uint)(product >> TSize.Bits));
        if (TFlags.AreSeen) WideAccumulator.SetFlags<TSize>(cpu, (uint)product, product != TSize.Extend((uint)product));
        return true;
    }
}

/// <summary>imul r, r/m.</summary>
internal readonly unsafe struct MultiplyInto : IReads
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        byte* register = (byte*)cpu + op->Destination;
        long product = (long)TSize.Extend(TSize.Read(register)) * TSize.Extend(value);
        TSize.Write(register, (uint)product);
        if (TFlags.AreSeen) WideAccumulator.SetFlags<TSize>(cpu, (uint)product, product != TSize.Extend((uint)product));
        return true;
    }
}

/// <summary>imul r, r/m, immediate.</summary>
internal readonly unsafe struct MultiplyByImmediate : IReads
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        long product = (long)TSize.Extend(value) * TSize.Extend(op->Immediate);
        TSize.Write((byte*)cpu + op->Destination, (uint)product);
        if (TFlags.AreSeen) WideAccumulator.SetFlags<TSize>(cpu, (uint)product, product != TSize.Extend((uint)product));
        return true;
    }
}

internal readonly unsafe struct DivideUnsigned : IReads
{
    public static bool Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        if (value == 0) return CpuState.Raise(cpu, Vector.DivideError);
        ulong dividend = WideAccumulator.Read<TSize>(cpu);
        ulong quotient = dividend / value;
        if (quotient >> TSize.Bits != 0) return CpuState.Raise(cpu, Vector.DivideError);
        WideAccumulator.Write<TSize>(cpu, (uint)quotient, (uint)(dividend - quotient * value));
        return true;
    }
}

internal readonly unsafe struct DivideSigned : IReads
{
    public static bool Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        long divisor = TSize.Extend(value);
        int unused = 64 - 2 * TSize.Bits;
        long dividend = (long)(WideAccumulator.Read<TSize>(cpu) << unused) >> unused;

        // The one quotient that does not even fit the host's division.
        if (divisor == 0 || divisor == -1 && dividend == long.MinValue) return CpuState.Raise(cpu, Vector.DivideError);
        long quotient = dividend / divisor;
        if (quotient != TSize.Extend((uint)quotient)) return CpuState.Raise(cpu, Vector.DivideError);
        WideAccumulator.Write<TSize>(cpu, (uint)quotient, (uint)(dividend - quotient * divisor));
        return true;
    }
}
