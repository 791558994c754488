using System.Buffers.Binary;
using LguestPS.Cpu;

namespace LguestPS.Gdb;

/// <summary>The registers in the order and the sizes of <see cref="TargetDescription"/>.</summary>
internal static class GdbRegisters
{
    public const int Count = Mxcsr + 1;

    /// <summary>The number of the instruction pointer.</summary>
    public const int Eip = 8;

    private const int FirstFloat = 16;
    private const int FirstControl = FirstFloat + 8;
    private const int FirstXmm = FirstControl + 8;
    private const int Mxcsr = FirstXmm + 8;
    private const int FloatBytes = 10;
    private const int XmmBytes = 16;
    private const uint SettableFlags = Eflags.Carry | Eflags.Parity | Eflags.Adjust | Eflags.Zero | Eflags.Sign | Eflags.Trap | Eflags.Direction | Eflags.Overflow;

    public static byte[] ReadAll(VirtualCpu cpu) => [.. Enumerable.Range(0, Count).SelectMany(number => Read(cpu, number))];

    public static byte[] Read(VirtualCpu cpu, int number)
    {
        if (number < FirstFloat) return BitConverter.GetBytes(Integer(ref cpu.Registers, number));
        FloatingPointState? fpu = cpu.FloatingPoint;
        if (number == Mxcsr) return BitConverter.GetBytes(fpu?.Mxcsr ?? FloatingPointState.InitialMxcsr);
        if (number >= FirstXmm) return fpu is { } vectors ? vectors.Xmm(number - FirstXmm).ToArray() : new byte[XmmBytes];
        if (number >= FirstControl) return BitConverter.GetBytes(fpu is { } known ? Control(known, number - FirstControl) : 0);

        byte[] value = new byte[FloatBytes];
        if (fpu is not { } state) return value;
        FloatingPointRegister register = state[number - FirstFloat];
        BinaryPrimitives.WriteUInt64LittleEndian(value, register.Significand);
        BinaryPrimitives.WriteUInt16LittleEndian(value.AsSpan(8), register.SignExponent);
        return value;
    }

    /// <returns>False if there is no such register, or it has another size.</returns>
    public static bool Write(VirtualCpu cpu, int number, ReadOnlySpan<byte> value)
    {
        if (number is < 0 or >= Count || value.Length != SizeOf(number)) return false;
        if (number < FirstFloat)
        {
            SetInteger(ref cpu.Registers, number, BinaryPrimitives.ReadUInt32LittleEndian(value));
            return true;
        }

        if (cpu.FloatingPoint is not { } fpu) return false;
        if (number == Mxcsr && (BinaryPrimitives.ReadUInt32LittleEndian(value) & ~FloatingPointState.MxcsrBits) != 0) return false;
        cpu.SetFloatingPoint(number switch
        {
            < FirstControl => fpu.WithRegister(number - FirstFloat, value),
            < FirstXmm => WithControl(fpu, number - FirstControl, value),
            < Mxcsr => fpu.WithXmm(number - FirstXmm, value),
            _ => fpu.WithMxcsr(BinaryPrimitives.ReadUInt32LittleEndian(value)),
        });
        return true;
    }

    public static int SizeOf(int number) => number switch
    {
        >= FirstFloat and < FirstControl => FloatBytes,
        >= FirstXmm and < Mxcsr => XmmBytes,
        _ => sizeof(uint),
    };

    private static uint Integer(ref GuestRegisters registers, int number) => number switch
    {
        0 => registers.Eax,
        1 => registers.Ecx,
        2 => registers.Edx,
        3 => registers.Ebx,
        4 => registers.Esp,
        5 => registers.Ebp,
        6 => registers.Esi,
        7 => registers.Edi,
        8 => registers.Eip,
        9 => registers.Eflags,
        10 => registers.Cs,
        11 => registers.Ss,
        12 => registers.Ds,
        13 => registers.Es,
        14 => registers.Fs,
        _ => registers.Gs,
    };

    // Selectors stay as they are: a debugger that writes all registers back must not make the guest load its segments anew.
    private static void SetInteger(ref GuestRegisters registers, int number, uint value)
    {
        switch (number)
        {
            case 0: registers.Eax = value; break;
            case 1: registers.Ecx = value; break;
            case 2: registers.Edx = value; break;
            case 3: registers.Ebx = value; break;
            case 4: registers.Esp = value; break;
            case 5: registers.Ebp = value; break;
            case 6: registers.Esi = value; break;
            case 7: registers.Edi = value; break;
            case 8: registers.Eip = value; break;
            case 9: registers.Eflags = registers.Eflags & ~SettableFlags | value & SettableFlags; break;
        }
    }

    // Where each control register is in an image of fxsave (Intel SDM volume 2); gdb's order: fctrl, fstat, ftag, fiseg, fioff, foseg, fooff, fop.
    private static uint Control(in FloatingPointState fpu, int number) => number switch
    {
        0 => fpu.Word(0),
        1 => fpu.Word(2),
        2 => Tags(fpu.Used),
        3 => fpu.Word(12),
        4 => fpu.DoubleWord(8),
        5 => fpu.Word(20),
        6 => fpu.DoubleWord(16),
        _ => fpu.Word(6),
    };

    private static FloatingPointState WithControl(in FloatingPointState fpu, int number, ReadOnlySpan<byte> value) => number switch
    {
        0 => fpu.With(0, value[..2]),
        1 => fpu.With(2, value[..2]),
        2 => fpu.With(4, [Used(BinaryPrimitives.ReadUInt16LittleEndian(value))]),
        3 => fpu.With(12, value[..2]),
        4 => fpu.With(8, value),
        5 => fpu.With(20, value[..2]),
        6 => fpu.With(16, value),
        _ => fpu.With(6, value[..2]),
    };

    // The full tag word has two bits for each register, 3 for an empty one; the image has one, set for one in use.
    private static uint Tags(byte used)
    {
        uint tags = 0;
        for (int i = 0; i < 8; i++)
            if ((used >> i & 1) == 0) tags |= 3u << 2 * i;
        return tags;
    }

    private static byte Used(ushort tags)
    {
        int used = 0;
        for (int i = 0; i < 8; i++)
            if ((tags >> 2 * i & 3) != 3) used |= 1 << i;
        return (byte)used;
    }
}
