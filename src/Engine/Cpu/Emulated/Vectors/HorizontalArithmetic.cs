using System.Runtime.Intrinsics;

namespace LguestPS.Cpu.Emulated;

/// <summary>phaddw.</summary>
internal readonly unsafe struct HorizontalAdd16 : IVectorOperation
{
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        (IntegerLanes.Even(first.AsInt16(), second.AsInt16()) + IntegerLanes.Odd(first.AsInt16(), second.AsInt16())).AsByte();
}

/// <summary>phaddd.</summary>
internal readonly unsafe struct HorizontalAdd32 : IVectorOperation
{
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        (IntegerLanes.Even(first.AsInt32(), second.AsInt32()) + IntegerLanes.Odd(first.AsInt32(), second.AsInt32())).AsByte();
}

/// <summary>phaddsw.</summary>
internal readonly unsafe struct HorizontalAddSigned16 : IVectorOperation
{
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        (Vector128.AddSaturate(IntegerLanes.Even(first.AsInt16(), second.AsInt16()), IntegerLanes.Odd(first.AsInt16(), second.AsInt16()))).AsByte();
}

/// <summary>phsubw.</summary>
internal readonly unsafe struct HorizontalSubtract16 : IVectorOperation
{
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        (IntegerLanes.Even(first.AsInt16(), second.AsInt16()) - IntegerLanes.Odd(first.AsInt16(), second.AsInt16())).AsByte();
}

/// <summary>phsubd.</summary>
internal readonly unsafe struct HorizontalSubtract32 : IVectorOperation
{
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        (IntegerLanes.Even(first.AsInt32(), second.AsInt32()) - IntegerLanes.Odd(first.AsInt32(), second.AsInt32())).AsByte();
}

/// <summary>phsubsw.</summary>
internal readonly unsafe struct HorizontalSubtractSigned16 : IVectorOperation
{
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        (Vector128.SubtractSaturate(IntegerLanes.Even(first.AsInt16(), second.AsInt16()), IntegerLanes.Odd(first.AsInt16(), second.AsInt16()))).AsByte();
}
