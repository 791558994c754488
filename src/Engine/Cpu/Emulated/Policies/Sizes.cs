using System.Runtime.CompilerServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>How many bytes an instruction touches in memory.</summary>
internal interface IAccessSize
{
    static abstract uint Bytes { get; }
}

/// <summary>How wide an instruction's operands are. Values travel zero-extended in a <c>uint</c>.</summary>
internal unsafe interface IOperandSize : IAccessSize
{
    static abstract int Bits { get; }
    static abstract OperandWidth Width { get; }
    static abstract uint Read(void* from);
    static abstract void Write(void* to, uint value);

    /// <summary>Drops the bits above the size.</summary>
    static abstract uint Truncate(uint value);

    /// <summary>Sign-extends.</summary>
    static abstract int Extend(uint value);
}

internal readonly unsafe struct Bits8 : IOperandSize
{
    public static int Bits => 8;
    public static OperandWidth Width => OperandWidth.Byte;
    public static uint Bytes => 1;
    public static uint Read(void* from) => *(byte*)from;
    public static void Write(void* to, uint value) => *(byte*)to = (byte)value;
    public static uint Truncate(uint value) => (byte)value;
    public static int Extend(uint value) => (sbyte)value;
}

internal readonly unsafe struct Bits16 : IOperandSize
{
    public static int Bits => 16;
    public static OperandWidth Width => OperandWidth.Word;
    public static uint Bytes => 2;
    public static uint Read(void* from) => Unsafe.ReadUnaligned<ushort>(from);
    public static void Write(void* to, uint value) => Unsafe.WriteUnaligned(to, (ushort)value);
    public static uint Truncate(uint value) => (ushort)value;
    public static int Extend(uint value) => (short)value;
}

internal readonly unsafe struct Bits32 : IOperandSize
{
    public static int Bits => 32;
    public static OperandWidth Width => OperandWidth.Long;
    public static uint Bytes => 4;
    public static uint Read(void* from) => Unsafe.ReadUnaligned<uint>(from);
    public static void Write(void* to, uint value) => Unsafe.WriteUnaligned(to, value);
    public static uint Truncate(uint value) => value;
    public static int Extend(uint value) => (int)value;
}
