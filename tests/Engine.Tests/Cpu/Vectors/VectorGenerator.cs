using System.Buffers.Binary;
using Iced.Intel;

namespace LguestPS.Tests.Cpu;

/// <summary>Finds all encodings of MMX, SSE, SSE2, SSE3 and SSSE3, and makes operands for them in which something happens.</summary>
internal sealed class VectorGenerator(int seed)
{
    private static readonly ulong[] doubles =
    [
        0, 0x8000000000000000, 0x3FF0000000000000, 0xBFF0000000000000, 0x7FF0000000000000, 0xFFF0000000000000,
        0x7FF8000000000000, 0xFFF8000000000000, 0x7FF0000000000001, 0xFFF7FFFFFFFFFFFF, 0x7FF8000012345678, 1, 0x8000000000000001,
        0x000FFFFFFFFFFFFF, 0x0010000000000000, 0x8010000000000000, 0x0010000000000001, 0x7FEFFFFFFFFFFFFF, 0xFFEFFFFFFFFFFFFF,
        0x41DFFFFFFFC00000, 0xC1E0000000000000, 0x41E0000000000000, 0xC1E0000000200000, 0x41DFFFFFFFE00000, 0x3FE0000000000000, 0x3FF8000000000000,
        0x47EFFFFFE0000000, 0x47EFFFFFF0000000, 0x3810000000000000, 0x380FFFFFFFFFFFFF, 0x36A0000000000000, 0x3690000000000000, 0x3690000000000001,
        0x3810000020000000, 0x3FEFFFFFFFFFFFFF, 0x1FF0000000000000, 0x2000000000000000, 0x5FE0000000000000, 0x0020000000000000,
    ];

    private static readonly uint[] singles =
    [
        0, 0x80000000, 0x3F800000, 0xBF800000, 0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC00000, 0x7F800001, 0xFFBFFFFF, 0x7FC01234,
        1, 0x80000001, 0x007FFFFF, 0x00800000, 0x80800000, 0x00800001, 0x7F7FFFFF, 0xFF7FFFFF, 0x4F000000, 0xCF000000, 0x4EFFFFFF, 0xCF000001,
        0x3F000000, 0x3FC00000, 0x3F7FFFFF, 0x1F800000, 0x20000000, 0x5F000000, 0x01000000, 0x00FFFFFF,
    ];

    private readonly Random random = new(seed);
    private ulong previous;

    /// <summary>Everything but its ModRM byte (for a register form, 0xC0 and up decides) and its immediate.</summary>
    public static IReadOnlyList<VectorEncoding> Encodings { get; } = [.. Find()];

    public VectorCase Case(VectorEncoding encoding)
    {
        bool inMemory = encoding.HasMemoryForm && (!encoding.HasRegisterForm || Chance(40));
        int general = random.Next(3), modrm = inMemory ? random.Next(8) << 3 | 3 : 0xC0 | random.Next(64);
        if (encoding.Extension is { } extension) modrm = modrm & 0xC7 | extension << 3;

        // A general register must be one that the oracle gives back.
        Instruction trial = VectorCase.Decode(encoding.Bytes(modrm));
        if (trial.Op0Kind == OpKind.Register && trial.Op0Register.IsGPR()) modrm = modrm & 0xC7 | general << 3;
        if (trial.Op1Kind == OpKind.Register && trial.Op1Register.IsGPR()) modrm = inMemory ? modrm & 0xC7 | general << 3 : modrm & 0xF8 | general;
        trial = VectorCase.Decode(encoding.Bytes(modrm));
        if (trial.Op0Kind == OpKind.Register && trial.Op0Register.IsGPR() && trial.Op0Register is not (Register.EAX or Register.ECX or Register.EDX))
            modrm = modrm & 0xF8 | general;
        byte[] code = encoding.Bytes(modrm, (byte)(Chance(60) ? random.Next(20) : random.Next(256)));

        VectorTest test = default;
        code.CopyTo((Span<byte>)test.Code);
        test.CodeLength = (uint)code.Length;
        test.Offset = (uint)(Chance(70) ? 16 * random.Next(3) : random.Next(48));
        (test.Eax, test.Ecx, test.Edx) = (Integer(), Integer(), Integer());
        test.Eflags = (uint)random.Next(0x1000) & 0x8D5 | 0x202;
        FillVectors(test.Operand);
        FillState(test.State);
        if (Chance(20)) BinaryPrimitives.WriteUInt32LittleEndian(((Span<byte>)test.Operand)[(int)test.Offset..], Mxcsr());
        return new VectorCase(code, test);
    }

    public uint Mxcsr() => random.Next(8) switch
    {
        0 => 0x1F80,
        1 or 2 => 0x1FA0,
        3 => 0x1F80u | (uint)random.Next(64),
        4 => 0x1F80u | (uint)random.Next(4) << 13 | (uint)random.Next(64),
        5 => 0x1F80u | (uint)random.Next(2) << 15 | (uint)random.Next(2) << 6,
        _ => (uint)random.Next(0x10000),
    };

    public int Next(int limit) => random.Next(limit);

    private void FillState(Span<byte> image)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(image[VectorImage.Control..], 0x037F);
        BinaryPrimitives.WriteUInt16LittleEndian(image[VectorImage.Status..], (ushort)(random.Next(8) << 11));
        image[VectorImage.Used] = (byte)(Chance(50) ? 0 : random.Next(256));
        BinaryPrimitives.WriteUInt32LittleEndian(image[VectorImage.Mxcsr..], Mxcsr());
        BinaryPrimitives.WriteUInt32LittleEndian(image[VectorImage.MxcsrMask..], 0xFFFF);
        FillVectors(image.Slice(VectorImage.Xmm, 128));
        for (int i = 0; i < 8; i++)
        {
            Span<byte> register = image.Slice(VectorImage.Stack + 16 * i, 16);
            FillVectors(register);
            register[8..].Clear();
            BinaryPrimitives.WriteUInt16LittleEndian(register[8..], (ushort)(Chance(50) ? 0xFFFF : random.Next(0x10000)));
        }
    }

    private void FillVectors(Span<byte> bytes)
    {
        for (int at = 0; at < bytes.Length; at += 16)
        {
            Span<byte> vector = bytes.Slice(at, 16);
            switch (random.Next(4))
            {
                case 0:
                    random.NextBytes(vector);
                    if (Chance(50)) vector[1..8].Clear();
                    break;
                case 1:
                    for (int i = 0; i < 16; i += 4) BinaryPrimitives.WriteUInt32LittleEndian(vector[i..], Single());
                    break;
                default:
                    for (int i = 0; i < 16; i += 8) BinaryPrimitives.WriteUInt64LittleEndian(vector[i..], Double());
                    break;
            }
        }
    }

    private uint Integer() => Chance(30) ? singles[random.Next(singles.Length)] : (uint)(random.NextInt64() >> random.Next(32, 63));

    private ulong Double() => previous = random.Next(8) switch
    {
        0 or 1 => doubles[random.Next(doubles.Length)],
        2 => (ulong)random.NextInt64() << 1 | (uint)random.Next(2),
        3 => previous + (ulong)random.Next(-2, 3),
        4 => previous ^ 0x8000000000000000 ^ 1UL << random.Next(64),
        5 => BitConverter.DoubleToUInt64Bits(random.Next(-100, 100) / 4.0),
        6 => (ulong)random.Next(2) << 63 | (ulong)(1023 + random.Next(-1030, 1020)) << 52 & 0x7FF0000000000000 | (ulong)random.NextInt64() >> 11,
        _ => BitConverter.DoubleToUInt64Bits((random.NextDouble() - 0.5) * 1000),
    };

    private uint Single() => random.Next(7) switch
    {
        0 or 1 => singles[random.Next(singles.Length)],
        2 => (uint)random.NextInt64(),
        3 => (uint)previous + (uint)random.Next(-2, 3),
        4 => BitConverter.SingleToUInt32Bits(random.Next(-100, 100) / 4f),
        5 => (uint)random.Next(2) << 31 | (uint)random.Next(0, 255) << 23 | (uint)random.Next(1 << 23),
        _ => (uint)(previous = BitConverter.SingleToUInt32Bits((random.NextSingle() - 0.5f) * 1000)),
    };

    private bool Chance(int percent) => random.Next(100) < percent;

    private static IEnumerable<VectorEncoding> Find()
    {
        byte[][] prefixes = [[], [0x66], [0xF3], [0xF2]];
        byte[][] maps = [[0x0F], [0x0F, 0x38], [0x0F, 0x3A]];
        foreach (byte[] prefix in prefixes)
        foreach (byte[] map in maps)
        for (int opcode = 0; opcode < 256; opcode++)
        {
            if (map.Length == 1 && opcode is 0x38 or 0x3A) continue;
            for (int extension = 0; extension < 8; extension++)
            {
                var encoding = new VectorEncoding([.. prefix, .. map, (byte)opcode], extension);
                encoding.HasRegisterForm = Exists(encoding.Bytes(0xC0 | extension << 3));
                encoding.HasMemoryForm = Exists(encoding.Bytes(3 | extension << 3));
                if (!encoding.HasRegisterForm && !encoding.HasMemoryForm) continue;
                if (extension == 0 && IsPlain(encoding)) encoding.Extension = null;
                else if (extension > 0 && IsPlain(encoding)) break;
                yield return encoding;
            }
        }
    }

    /// <summary>Not one of a group whose ModRM byte extends the opcode.</summary>
    private static bool IsPlain(VectorEncoding encoding) => IsSame(encoding, 0xC0) || IsSame(encoding, 3);

    private static bool IsSame(VectorEncoding encoding, int modrm) =>
        Exists(encoding.Bytes(modrm)) && VectorCase.Decode(encoding.Bytes(modrm)).Code == VectorCase.Decode(encoding.Bytes(modrm | 8)).Code;

    private static bool Exists(byte[] code)
    {
        Instruction instruction = VectorCase.Decode(code);
        return IsOfVectors(instruction.Code);
    }

    /// <summary>Whether it belongs to one of the extensions, and is for 32-bit programs.</summary>
    public static bool IsOfVectors(Code code)
    {
        OpCodeInfo info = code.ToOpCode();
        return info.IsInstruction && info.Mode32 && info.Encoding == EncodingKind.Legacy && code.Mnemonic() is not (Mnemonic.Monitor or Mnemonic.Mwait or Mnemonic.Fisttp)
            && code.CpuidFeatures().All(feature => feature is CpuidFeature.MMX or CpuidFeature.SSE or CpuidFeature.SSE2 or CpuidFeature.SSE3 or CpuidFeature.SSSE3 or CpuidFeature.CLFSH)
            && !(code.ToString().Contains("r64") || code.ToString().Contains("rm64") && code.Mnemonic() is Mnemonic.Movq);
    }
}

/// <summary>An opcode with its prefixes.</summary>
internal sealed class VectorEncoding(byte[] opcode, int extension)
{
    public int? Extension { get; set; } = extension;

    public bool HasRegisterForm { get; set; }

    public bool HasMemoryForm { get; set; }

    /// <summary>The instruction with this ModRM byte, and an immediate if it has one.</summary>
    public byte[] Bytes(int modrm, byte immediate = 0)
    {
        byte[] longest = [.. opcode, (byte)modrm, immediate];
        int length = VectorCase.Decode(longest).Length;
        return length > 0 && length < longest.Length ? longest[..length] : longest;
    }

    public override string ToString() => Convert.ToHexString(opcode) + (Extension is { } number ? $" /{number}" : "");
}
