using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LguestPS.Cpu.Emulated;

/// <summary>For each of the 256 immediate operands of a shuffle, the bytes it chooses (see <see cref="IntegerLanes.Choose"/>).</summary>
internal static unsafe class ShuffleMasks
{
    public static readonly Vector128<byte>* Of32 = Make(4, 0);
    public static readonly Vector128<byte>* OfLow16 = Make(2, 0);
    public static readonly Vector128<byte>* OfHigh16 = Make(2, 8);

    /// <summary>Four lanes of so many bytes, from the given byte on, by two bits each; all other bytes stay where they are.</summary>
    private static Vector128<byte>* Make(int laneBytes, int from)
    {
        var masks = (Vector128<byte>*)NativeMemory.AlignedAlloc(256 * 16, 16);
        for (int control = 0; control < 256; control++)
        {
            var bytes = (byte*)(masks + control);
            for (int i = 0; i < 16; i++) bytes[i] = (byte)i;
            for (int i = 0; i < 4 * laneBytes; i++) bytes[from + i] = (byte)(from + (control >> 2 * (i / laneBytes) & 3) * laneBytes + i % laneBytes);
        }

        return masks;
    }
}

/// <summary>pshufd.</summary>
internal readonly unsafe struct Shuffle32 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        IntegerLanes.Choose(second, ShuffleMasks.Of32[op->Immediate]);
}

/// <summary>pshuflw and pshufw.</summary>
internal readonly unsafe struct ShuffleLow16 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        IntegerLanes.Choose(second, ShuffleMasks.OfLow16[op->Immediate]);
}

/// <summary>pshufhw.</summary>
internal readonly unsafe struct ShuffleHigh16 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        IntegerLanes.Choose(second, ShuffleMasks.OfHigh16[op->Immediate]);
}

/// <summary>shufps: two lanes of the first operand, two of the second.</summary>
internal readonly unsafe struct ShuffleSingles : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second)
    {
        Vector128<byte> mask = ShuffleMasks.Of32[op->Immediate];
        return Vector128.Create(IntegerLanes.Choose(first, mask).GetLower(), IntegerLanes.Choose(second, mask).GetUpper());
    }
}

/// <summary>shufpd.</summary>
internal readonly unsafe struct ShuffleDoubles : IVectorOperation
{
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) => Vector128.Create(
        (op->Immediate & 1) != 0 ? first.GetUpper() : first.GetLower(),
        (op->Immediate & 2) != 0 ? second.GetUpper() : second.GetLower());
}

/// <summary>pshufb.</summary>
internal readonly unsafe struct ShuffleBytes : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) => IntegerLanes.Choose(first, second);
}

/// <summary>pshufb of MMX: three bits choose.</summary>
internal readonly unsafe struct ShuffleBytesOf8 : IVectorOperation
{
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        IntegerLanes.Choose(first, second & Vector128.Create((byte)0x87));
}

/// <summary>palignr: 16 bytes out of two operands of 16, the first being the upper half.</summary>
internal readonly unsafe struct AlignRight : IVectorOperation
{
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second)
    {
        int bytes = (int)op->Immediate;
        if (bytes >= 32) return default;
        var high = new UInt128(first.AsUInt64().GetElement(1), first.AsUInt64().ToScalar());
        var low = new UInt128(second.AsUInt64().GetElement(1), second.AsUInt64().ToScalar());
        UInt128 result = bytes >= 16 ? high >> 8 * (bytes - 16) : bytes == 0 ? low : low >> 8 * bytes | high << 8 * (16 - bytes);
        return Vector128.Create((ulong)result, (ulong)(result >> 64)).AsByte();
    }
}

/// <summary>palignr of MMX.</summary>
internal readonly unsafe struct AlignRightOf8 : IVectorOperation
{
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second)
    {
        int bytes = (int)op->Immediate;
        var both = new UInt128(first.AsUInt64().ToScalar(), second.AsUInt64().ToScalar());
        return bytes >= 16 ? default : Vector128.CreateScalar((ulong)(both >> 8 * bytes)).AsByte();
    }
}

/// <summary>pinsrw.</summary>
internal readonly unsafe struct Insert16 : IVectorOperation
{
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        first.AsUInt16().WithElement((int)op->Immediate & 7, second.AsUInt16().ToScalar()).AsByte();
}

/// <summary>pinsrw of MMX.</summary>
internal readonly unsafe struct Insert16Of4 : IVectorOperation
{
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        first.AsUInt16().WithElement((int)op->Immediate & 3, second.AsUInt16().ToScalar()).AsByte();
}

/// <summary>pextrw, zero-extended.</summary>
internal readonly unsafe struct Extract16 : IVectorOperation
{
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.CreateScalar((uint)second.AsUInt16().GetElement((int)op->Immediate & 7)).AsByte();
}

/// <summary>pextrw of MMX.</summary>
internal readonly unsafe struct Extract16Of4 : IVectorOperation
{
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.CreateScalar((uint)second.AsUInt16().GetElement((int)op->Immediate & 3)).AsByte();
}
