using System.Runtime.CompilerServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>How a number of up to 8 bytes is written in memory.</summary>
internal unsafe interface IFpuFormat : IAccessSize
{
    /// <summary>Widens, exactly: a signaling NaN stays one, and whether it was denormal the result does not show.</summary>
    static abstract Float80 Read(byte* from, out bool denormal);

    static abstract ulong Convert(Float80 value, ref FloatContext context);

    static abstract void Write(byte* to, ulong bits);

    /// <summary>What a masked invalid store writes.</summary>
    static abstract ulong Indefinite { get; }
}

internal readonly unsafe struct SingleFormat : IFpuFormat
{
    public static uint Bytes => 4;
    public static ulong Indefinite => 0xFFC00000;

    public static Float80 Read(byte* from, out bool denormal)
    {
        uint bits = Unsafe.ReadUnaligned<uint>(from);
        denormal = FloatMath.IsDenormalSingle(bits);
        return FloatMath.FromSingle(bits);
    }

    public static ulong Convert(Float80 value, ref FloatContext context) => FloatMath.ToSingle(value, ref context);

    public static void Write(byte* to, ulong bits) => Unsafe.WriteUnaligned(to, (uint)bits);
}

internal readonly unsafe struct DoubleFormat : IFpuFormat
{
    public static uint Bytes => 8;
    public static ulong Indefinite => 0xFFF8000000000000;

    public static Float80 Read(byte* from, out bool denormal)
    {
        ulong bits = Unsafe.ReadUnaligned<ulong>(from);
        denormal = FloatMath.IsDenormalDouble(bits);
        return FloatMath.FromDouble(bits);
    }

    public static ulong Convert(Float80 value, ref FloatContext context) => FloatMath.ToDouble(value, ref context);

    public static void Write(byte* to, ulong bits) => Unsafe.WriteUnaligned(to, bits);
}

internal readonly unsafe struct Integer16Format : IFpuFormat
{
    public static uint Bytes => 2;
    public static ulong Indefinite => 0x8000;

    public static Float80 Read(byte* from, out bool denormal)
    {
        denormal = false;
        return FloatMath.FromInteger(Unsafe.ReadUnaligned<short>(from));
    }

    public static ulong Convert(Float80 value, ref FloatContext context) => (ulong)FloatMath.ToInteger(value, 16, ref context);

    public static void Write(byte* to, ulong bits) => Unsafe.WriteUnaligned(to, (ushort)bits);
}

internal readonly unsafe struct Integer32Format : IFpuFormat
{
    public static uint Bytes => 4;
    public static ulong Indefinite => 0x80000000;

    public static Float80 Read(byte* from, out bool denormal)
    {
        denormal = false;
        return FloatMath.FromInteger(Unsafe.ReadUnaligned<int>(from));
    }

    public static ulong Convert(Float80 value, ref FloatContext context) => (ulong)FloatMath.ToInteger(value, 32, ref context);

    public static void Write(byte* to, ulong bits) => Unsafe.WriteUnaligned(to, (uint)bits);
}

internal readonly unsafe struct Integer64Format : IFpuFormat
{
    public static uint Bytes => 8;
    public static ulong Indefinite => 0x8000000000000000;

    public static Float80 Read(byte* from, out bool denormal)
    {
        denormal = false;
        return FloatMath.FromInteger(Unsafe.ReadUnaligned<long>(from));
    }

    public static ulong Convert(Float80 value, ref FloatContext context) => (ulong)FloatMath.ToInteger(value, 64, ref context);

    public static void Write(byte* to, ulong bits) => Unsafe.WriteUnaligned(to, bits);
}

/// <summary>fisttp: rounds towards zero, whatever the control word says.</summary>
internal readonly unsafe struct TruncatedFormat<TFormat> : IFpuFormat where TFormat : IFpuFormat
{
    public static uint Bytes => TFormat.Bytes;
    public static ulong Indefinite => TFormat.Indefinite;

    public static Float80 Read(byte* from, out bool denormal) => TFormat.Read(from, out denormal);

    public static ulong Convert(Float80 value, ref FloatContext context)
    {
        FloatContext truncating = context.TowardsZero;
        ulong result = TFormat.Convert(value, ref truncating);
        context.Raise(truncating.Raised);
        return result;
    }

    public static void Write(byte* to, ulong bits) => TFormat.Write(to, bits);
}
