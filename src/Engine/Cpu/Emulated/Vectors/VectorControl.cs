using System.Numerics;
using System.Runtime.Intrinsics;

namespace LguestPS.Cpu.Emulated;

/// <summary>ldmxcsr.</summary>
internal readonly unsafe struct LoadMxcsr : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        if (!FpuSkeletons.IsPresent(cpu)) return false;
        if (!LongWay.Read<Bits32>(cpu, op->Segment, Segmented.Offset(cpu, op), out uint value)) return false;
        if ((value & ~MxcsrBits.Defined) != 0) return CpuState.Raise(cpu, Vector.GeneralProtection);
        cpu->Vectors.SetMxcsr(value);
        return true;
    }
}

/// <summary>stmxcsr.</summary>
internal readonly unsafe struct StoreMxcsr : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op) =>
        FpuSkeletons.IsPresent(cpu) && LongWay.Write<Bits32>(cpu, op->Segment, Segmented.Offset(cpu, op), cpu->Vectors.Mxcsr);
}

/// <summary>emms: the registers are the x87's again, and all empty.</summary>
internal readonly unsafe struct LeaveMmx : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        if (!FpuSkeletons.IsReady(cpu)) return false;
        cpu->Fpu.EnterMmx();
        cpu->Fpu.Used = 0;
        return true;
    }
}

/// <summary>clflush: no more than a read of one byte, since there is no cache.</summary>
internal readonly unsafe struct FlushCacheLine : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op) => LongWay.OpenRead(cpu, op->Segment, Segmented.Offset(cpu, op), 1);
}

/// <summary>maskmovq and maskmovdqu: the bytes of the destination register whose mask byte, in the source register, is negative, to where edi points.</summary>
/// <remarks>What lies between the first and the last of them must be writable; bytes beyond need not even be there.</remarks>
internal readonly unsafe struct MaskedStore<TPlace> : IPlain where TPlace : IVectorPlace
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        if (!(TPlace.IsMmx ? FpuSkeletons.IsReady(cpu) : FpuSkeletons.IsPresent(cpu))) return false;
        Vector128<byte> value = TPlace.Load(cpu, op->Destination);
        uint mask = TPlace.Load(cpu, op->Source).ExtractMostSignificantBits();
        if (mask != 0 && !TryStore(cpu, op, value, mask)) return false;
        if (TPlace.IsMmx) cpu->Fpu.EnterMmx();
        return true;
    }

    private static bool TryStore(CpuState* cpu, Operation* op, Vector128<byte> value, uint mask)
    {
        int first = BitOperations.TrailingZeroCount(mask), end = 32 - BitOperations.LeadingZeroCount(mask);
        uint offset = cpu->Registers.Edi + (uint)first;
        if ((op->Traits & OperationTraits.ShortAddress) != 0) offset = (ushort)offset;
        if (!LongWay.OpenWrite(cpu, op->Segment, offset, (uint)(end - first))) return false;
        for (int i = first; i < end; i++)
            if ((mask >> i & 1) != 0) cpu->Operand[i - first] = value.GetElement(i);
        LongWay.Written(cpu);
        return true;
    }
}
