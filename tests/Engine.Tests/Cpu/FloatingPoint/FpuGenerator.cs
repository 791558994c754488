using System.Buffers.Binary;
using LguestPS.Cpu.Emulated;

namespace LguestPS.Tests.Cpu;

/// <summary>Makes x87 states and operands in which something happens.</summary>
internal sealed class FpuGenerator(int seed)
{
    private static readonly Float80[] corners =
    [
        new(0, 0), new(0, 0x8000),
        new(0x8000000000000000, 0x3FFF), new(0x8000000000000000, 0xBFFF),
        new(0x8000000000000000, 0x7FFF), new(0x8000000000000000, 0xFFFF),
        new(0xC000000000000000, 0xFFFF), new(0xC000000000000001, 0x7FFF), new(0xC000000000000000, 0x7FFF), new(0xFFFFFFFFFFFFFFFF, 0xFFFF),
        new(0x8000000000000001, 0x7FFF), new(0xBFFFFFFFFFFFFFFF, 0xFFFF), new(0xA000000000000000, 0x7FFF),
        new(1, 0), new(1, 0x8000), new(0x7FFFFFFFFFFFFFFF, 0), new(0x8000000000000000, 0), new(0xFFFFFFFFFFFFFFFF, 0x8000), new(0x0000000100000000, 0),
        new(0x4000000000000000, 0x3FFF), new(0, 0x4000), new(0, 0x7FFF), new(0x4000000000000000, 0x7FFF), new(0x7FFFFFFFFFFFFFFF, 0xC000),
        new(0x8000000000000000, 1), new(0xFFFFFFFFFFFFFFFF, 1), new(0xFFFFFFFFFFFFFFFF, 0x7FFE), new(0x8000000000000000, 0xFFFE),
        new(0xFFFFFFFFFFFFFFFF, 0x3FFE), new(0x8000000000000001, 0x3FFF), new(0xFFFFFFFFFFFFFFFF, 0x403D), new(0x8000000000000000, 0x403E),
        new(0x8000000000000000, 0x3FFE), new(0xC000000000000000, 0x3FFF), new(0xC90FDAA22168C235, 0x4000), new(0x8000000000000000, 0x3F6A),
        new(0xFFFFFF0000000000, 0x407E), new(0xFFFFFF8000000000, 0x407E), new(0xFFFFFFFFFFFFF800, 0x43FE), new(0xFFFFFFFFFFFFFC00, 0x43FE),
        new(0x8000000000000000, 0x3F81), new(0x8000000000000000, 0x3C01), new(0xFFFFFFFFFFFFFFFF, 0x3F80), new(0xFFFFFFFFFFFFFC00, 0x3C00),
        new(0xDE0B6B3A763FFFF0, 0x403A), new(0xDE0B6B3A76400000, 0x403A),
    ];

    private readonly Random random = new(seed);
    private Float80 previous;

    public FpuRegisters Registers()
    {
        var registers = new FpuRegisters { Control = ControlWord() };
        int flags = Chance(30) ? random.Next(128) : 0;
        registers.Status = (ushort)((random.Next(0x10000) & 0x7F00) | flags & (registers.Control & 0x3F | 0x40));
        int empty = Chance(70) ? 0 : Chance(50) ? random.Next(256) : 0xFF & ~(1 << random.Next(8) | 1 << registers.Top);
        if (Chance(40)) empty |= 1 << (registers.Top - 1 & 7);
        int tags = 0;
        for (int i = 0; i < 8; i++)
        {
            registers.St[i] = Number();
            if ((empty >> i & 1) != 0) tags |= 3 << 2 * i;
        }

        registers.Tags = (ushort)tags;
        return registers;
    }

    public ushort ControlWord()
    {
        int rounding = random.Next(4) << 10;
        int precision = Chance(50) ? 0x300 : Pick(0x000, 0x200, 0x200, 0x100);
        int masks = Chance(65) ? 0x3F : random.Next(64);
        return (ushort)(rounding | precision | masks | 0x40);
    }

    public Float80 Number()
    {
        Float80 number = random.Next(100) switch
        {
            < 25 => corners[random.Next(corners.Length)],
            < 35 => new Float80(Significand(), (ushort)random.Next(0x10000)),
            < 40 => new Float80(Significand(), (ushort)(random.Next(2) << 15 | Pick(0, 1, 2, 3, 0x7FFE, 0x7FFD, 0x7FFF))),
            < 50 => FloatMath.FromDouble((ulong)random.NextInt64() << 1 | (uint)random.Next(2)),
            < 55 => FloatMath.FromInteger(random.NextInt64() >> random.Next(63)),
            < 75 => new Float80(Significand() | Float80.IntegerBit, (ushort)(random.Next(2) << 15 | 0x3FFF + random.Next(-80, 80))),
            < 85 => new Float80(previous.Significand + (ulong)random.Next(-2, 3), previous.SignExponent),
            < 92 => new Float80(previous.Significand ^ 1UL << random.Next(64), (ushort)(previous.SignExponent ^ 0x8000)),
            _ => new Float80(Significand() | Float80.IntegerBit, (ushort)(0x7FFE - (previous.SignExponent & 0x7FFF) + random.Next(-3, 4) & 0x7FFF)),
        };
        previous = number;
        return number;
    }

    /// <summary>Numbers that transcendental functions are made for.</summary>
    public Float80 Moderate(int smallest, int largest) =>
        new((ulong)random.NextInt64() << 1 | Float80.IntegerBit, (ushort)(random.Next(2) << 15 | 0x3FFF + random.Next(smallest, largest)));

    public byte[] Operand(int first, int function)
    {
        var bytes = new byte[16];
        random.NextBytes(bytes);
        Float80 number = Number();
        FloatContext context = FloatContext.From((ushort)(0x37F | random.Next(4) << 10));
        switch (first & 7, function)
        {
            case (0, _) or (1, 0):
                BinaryPrimitives.WriteUInt32LittleEndian(bytes, Chance(15) ? (uint)random.Next(1 << 23) : FloatMath.ToSingle(number, ref context) ^ (Chance(10) ? 0x400000u : 0));
                break;
            case (4, _) or (5, 0):
                BinaryPrimitives.WriteUInt64LittleEndian(bytes, Chance(15) ? (ulong)random.NextInt64(1L << 52) : FloatMath.ToDouble(number, ref context) ^ (Chance(10) ? 1UL << 51 : 0));
                break;
            case (3, 5):
                BinaryPrimitives.WriteUInt64LittleEndian(bytes, number.Significand);
                BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), number.SignExponent);
                break;
            case (7, 4):
                for (int i = 0; i < 9; i++) bytes[i] = (byte)(random.Next(10) << 4 | random.Next(10));
                if (Chance(30)) bytes.AsSpan(random.Next(9)..9).Clear();
                break;
            case (1, 5):
                BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)random.Next(0x10000));
                break;
            default:
                if (Chance(50)) BinaryPrimitives.WriteInt64LittleEndian(bytes, random.NextInt64() >> random.Next(63));
                break;
        }

        return bytes;
    }

    public uint Eflags() => (uint)random.Next(0x1000) & 0x8D5 | 0x202;

    public int Next(int limit) => random.Next(limit);

    private bool Chance(int percent) => random.Next(100) < percent;

    private T Pick<T>(params ReadOnlySpan<T> from) => from[random.Next(from.Length)];

    private ulong Significand() => random.Next(4) switch
    {
        0 => (ulong)random.NextInt64() << 1 | (uint)random.Next(2),
        1 => ulong.MaxValue << random.Next(64),
        2 => 1UL << random.Next(64) | 1UL << random.Next(64),
        _ => (ulong)random.NextInt64() << random.Next(64),
    };
}
