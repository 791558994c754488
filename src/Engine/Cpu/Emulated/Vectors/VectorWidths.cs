using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LguestPS.Cpu.Emulated;

/// <summary>How many bytes of memory a vector instruction touches. What it reads is zero-extended to 16 bytes; it writes the low ones.</summary>
internal unsafe interface IVectorWidth : IAccessSize
{
    /// <summary>The address must be a multiple of 16.</summary>
    static abstract bool IsAligned { get; }

    static abstract Vector128<byte> Read(byte* from);
    static abstract void Write(byte* to, Vector128<byte> value);
}

internal readonly unsafe struct Vector2 : IVectorWidth
{
    public static uint Bytes => 2;
    public static bool IsAligned => false;
    public static Vector128<byte> Read(byte* from) => Vector128.CreateScalar(Unsafe.ReadUnaligned<ushort>(from)).AsByte();
    public static void Write(byte* to, Vector128<byte> value) => Unsafe.WriteUnaligned(to, value.AsUInt16().ToScalar());
}

internal readonly unsafe struct Vector4 : IVectorWidth
{
    public static uint Bytes => 4;
    public static bool IsAligned => false;
    public static Vector128<byte> Read(byte* from) => Vector128.CreateScalar(Unsafe.ReadUnaligned<uint>(from)).AsByte();
    public static void Write(byte* to, Vector128<byte> value) => Unsafe.WriteUnaligned(to, value.AsUInt32().ToScalar());
}

internal readonly unsafe struct Vector8 : IVectorWidth
{
    public static uint Bytes => 8;
    public static bool IsAligned => false;
    public static Vector128<byte> Read(byte* from) => Vector128.CreateScalar(Unsafe.ReadUnaligned<ulong>(from)).AsByte();
    public static void Write(byte* to, Vector128<byte> value) => Unsafe.WriteUnaligned(to, value.AsUInt64().ToScalar());
}

internal readonly unsafe struct Vector16 : IVectorWidth
{
    public static uint Bytes => 16;
    public static bool IsAligned => true;
    public static Vector128<byte> Read(byte* from) => Vector128.Load(from);
    public static void Write(byte* to, Vector128<byte> value) => value.Store(to);
}

/// <summary>For movups, movupd, movdqu and lddqu.</summary>
internal readonly unsafe struct Vector16Unaligned : IVectorWidth
{
    public static uint Bytes => 16;
    public static bool IsAligned => false;
    public static Vector128<byte> Read(byte* from) => Vector128.Load(from);
    public static void Write(byte* to, Vector128<byte> value) => value.Store(to);
}
