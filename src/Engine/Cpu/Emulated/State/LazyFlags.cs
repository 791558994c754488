using System.Numerics;
using System.Runtime.CompilerServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>How the six status flags are kept until somebody asks for them.</summary>
/// <remarks>
/// <see cref="CpuState.FlagResult"/> is the last result, sign-extended to 64 bits: ZF is "its low 32 bits are zero", SF its sign,
/// PF the parity of its byte 0 and byte 4 together (a sign extension makes byte 4 even), so every combination can be expressed.
/// <see cref="CpuState.FlagCarries"/> is the vector of carries out of each bit: CF is bit 31, OF is bit 31 xor bit 30, AF is bit 3.
/// </remarks>
internal static unsafe class LazyFlags
{
    public const uint Status = Eflags.Carry | Eflags.Parity | Eflags.Adjust | Eflags.Zero | Eflags.Sign | Eflags.Overflow;

    /// <summary>What <c>popf</c> and <c>iret</c> may change outside ring 0, where IOPL is 0.</summary>
    public const uint Unprivileged = Status | Eflags.Trap | Eflags.Direction | Eflags.NestedTask | Eflags.AlignmentCheck | Eflags.Identification;

    public static bool IsCarry(CpuState* cpu) => (int)cpu->FlagCarries < 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsOverflow(CpuState* cpu) => (int)(cpu->FlagCarries ^ cpu->FlagCarries << 1) < 0;

    public static bool IsZero(CpuState* cpu) => (int)cpu->FlagResult == 0;

    public static bool IsSign(CpuState* cpu) => cpu->FlagResult < 0;

    public static bool IsAdjust(CpuState* cpu) => (cpu->FlagCarries & 8) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsParity(CpuState* cpu) => (BitOperations.PopCount((uint)(cpu->FlagResult ^ cpu->FlagResult >> 32) & 0xFF) & 1) == 0;

    /// <summary>Sets all six from a result and its carries.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Set<TSize>(CpuState* cpu, uint result, uint carries) where TSize : IOperandSize
    {
        cpu->FlagResult = TSize.Extend(result);
        cpu->FlagCarries = TSize.Bits == 32 ? carries : carries << 32 - TSize.Bits | carries & 8;
    }

    /// <summary>The carry vector that shows as the given CF and OF (each 0 or 1), with AF clear.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Carries(uint carry, uint overflow) => carry << 31 | (carry ^ overflow) << 30;

    /// <summary>Changes CF and OF alone.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetCarryAndOverflow(CpuState* cpu, uint carry, uint overflow) =>
        cpu->FlagCarries = Carries(carry, overflow) | cpu->FlagCarries & 8;

    /// <summary>Changes CF alone.</summary>
    public static void SetCarry(CpuState* cpu, bool carry) => SetCarryAndOverflow(cpu, carry ? 1u : 0, IsOverflow(cpu) ? 1u : 0);

    /// <summary>Changes ZF alone.</summary>
    public static void SetZero(CpuState* cpu, bool zero) => Write(cpu, Read(cpu) & ~Eflags.Zero | (zero ? Eflags.Zero : 0));

    /// <summary>The whole register.</summary>
    public static uint Read(CpuState* cpu) => cpu->Registers.Eflags & ~Status | Eflags.AlwaysOne
        | (IsCarry(cpu) ? Eflags.Carry : 0) | (IsParity(cpu) ? Eflags.Parity : 0) | (IsAdjust(cpu) ? Eflags.Adjust : 0)
        | (IsZero(cpu) ? Eflags.Zero : 0) | (IsSign(cpu) ? Eflags.Sign : 0) | (IsOverflow(cpu) ? Eflags.Overflow : 0);

    /// <summary>Sets the whole register.</summary>
    public static void Write(CpuState* cpu, uint value)
    {
        cpu->Registers.Eflags = value;
        uint low = (value & Eflags.Zero) != 0 ? 0u : 0x100u;
        uint high = ((value & Eflags.Sign) != 0 ? 0x80000000 : 0) | ((value & Eflags.Parity) != 0 ? 0 : 1u);
        cpu->FlagResult = (long)((ulong)high << 32 | low);
        cpu->FlagCarries = Carries(value & Eflags.Carry, (value & Eflags.Overflow) != 0 ? 1u : 0) | ((value & Eflags.Adjust) != 0 ? 8u : 0);
    }
}
