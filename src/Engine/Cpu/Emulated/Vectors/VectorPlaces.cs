using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LguestPS.Cpu.Emulated;

/// <summary>A kind of register that can be an operand of a vector instruction. Values travel in vectors of 16 bytes.</summary>
internal unsafe interface IVectorPlace
{
    /// <summary>The registers are the x87's, which must then be ready for them.</summary>
    static abstract bool IsMmx { get; }

    /// <param name="cpu">The processor.</param>
    /// <param name="place">The register, as operations name it.</param>
    static abstract Vector128<byte> Load(CpuState* cpu, int place);

    static abstract void Store(CpuState* cpu, int place, Vector128<byte> value);
}

/// <summary>xmm0 to xmm7, named by 16 times their number.</summary>
internal readonly unsafe struct XmmPlace : IVectorPlace
{
    public static bool IsMmx => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(CpuState* cpu, int place) => *(Vector128<byte>*)((byte*)&cpu->Vectors + place);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(CpuState* cpu, int place, Vector128<byte> value) => *(Vector128<byte>*)((byte*)&cpu->Vectors + place) = value;
}

/// <summary>mm0 to mm7, named by 16 times their number: the significands of the x87's registers, whatever the top of its stack.</summary>
internal readonly unsafe struct MmPlace : IVectorPlace
{
    public static bool IsMmx => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(CpuState* cpu, int place) =>
        Vector128.CreateScalar(*(ulong*)((byte*)&cpu->Fpu + place)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(CpuState* cpu, int place, Vector128<byte> value) =>
        *(Float80*)((byte*)&cpu->Fpu + place) = new Float80(value.AsUInt64().ToScalar(), 0xFFFF);
}

/// <summary>A general register of 32 bits.</summary>
internal readonly unsafe struct GeneralPlace : IVectorPlace
{
    public static bool IsMmx => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(CpuState* cpu, int place) => Vector128.CreateScalar(*(uint*)((byte*)cpu + place)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(CpuState* cpu, int place, Vector128<byte> value) => *(uint*)((byte*)cpu + place) = value.AsUInt32().ToScalar();
}

/// <summary>The status flags as a destination: the low 32 bits are a carry vector and the next a result (see <see cref="LazyFlags"/>).</summary>
/// <remarks>Loading gives the register the instruction names first, which it only reads.</remarks>
internal readonly unsafe struct FlagsPlace : IVectorPlace
{
    public static bool IsMmx => false;

    public static Vector128<byte> Load(CpuState* cpu, int place) => XmmPlace.Load(cpu, place);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(CpuState* cpu, int place, Vector128<byte> value)
    {
        cpu->FlagCarries = value.AsUInt32().ToScalar();
        cpu->FlagResult = value.AsInt64().GetElement(1);
    }
}
