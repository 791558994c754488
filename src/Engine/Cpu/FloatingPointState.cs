using System.Buffers.Binary;

namespace LguestPS.Cpu;

/// <summary>A register of the x87: double extended precision.</summary>
/// <param name="Significand">With its explicit integer bit.</param>
/// <param name="SignExponent">Bit 15 the sign, the rest the exponent, biased by 16383.</param>
internal readonly record struct FloatingPointRegister(ulong Significand, ushort SignExponent);

/// <summary>The state of the x87, mm and xmm as an image of fxsave holds it (Intel SDM volume 2).</summary>
internal readonly struct FloatingPointState
{
    private const int StackStart = 32;
    private const int StackStride = 16;
    private const int XmmStart = 160;
    private const int XmmBytes = 16;

    /// <summary>What MXCSR holds at first: everything masked.</summary>
    public const uint InitialMxcsr = 0x1F80;

    /// <summary>The bits that MXCSR has; no others may be set.</summary>
    public const uint MxcsrBits = 0xFFFF;

    private readonly byte[] image;

    /// <param name="image">The 512 bytes; not copied.</param>
    public FloatingPointState(byte[] image) => this.image = image;

    public ReadOnlySpan<byte> Image => image;

    public int Top => Word(2) >> 11 & 7;

    /// <summary>A field of 2 bytes: control word at 0, status word at 2, opcode at 6, selectors at 12 and 20.</summary>
    public ushort Word(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(image.AsSpan(offset));

    /// <summary>A field of 4 bytes: the instruction's address at 8, its operand's at 16.</summary>
    public uint DoubleWord(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(offset));

    /// <summary>A bit for each register that is in use, by its own number.</summary>
    public byte Used => image[4];

    /// <summary>The control and status of SSE.</summary>
    public uint Mxcsr => DoubleWord(24);

    /// <summary>The image is of a processor without SSE.</summary>
    public bool IsWithoutVectors => DoubleWord(28) == 0;

    public bool IsEmpty(int i) => (Used >> (Top + i & 7) & 1) == 0;

    /// <summary>st(i).</summary>
    public FloatingPointRegister this[int i]
    {
        get
        {
            ReadOnlySpan<byte> at = image.AsSpan(StackStart + i * StackStride);
            return new FloatingPointRegister(BinaryPrimitives.ReadUInt64LittleEndian(at), BinaryPrimitives.ReadUInt16LittleEndian(at[8..]));
        }
    }

    /// <summary>The 16 bytes of xmm0 to xmm7.</summary>
    public ReadOnlySpan<byte> Xmm(int i) => image.AsSpan(XmmStart + i * XmmBytes, XmmBytes);

    /// <summary>mm0 to mm7: the significand of a register by its own number, not by its place on the stack.</summary>
    public ulong Mm(int i) => this[i - Top & 7].Significand;

    /// <summary>A copy with other bytes somewhere.</summary>
    public FloatingPointState With(int offset, ReadOnlySpan<byte> bytes)
    {
        byte[] copy = [.. image];
        bytes.CopyTo(copy.AsSpan(offset));
        return new FloatingPointState(copy);
    }

    /// <summary>A copy with another st(i), in use.</summary>
    /// <param name="i">0 to 7.</param>
    /// <param name="bytes">Its ten bytes.</param>
    public FloatingPointState WithRegister(int i, ReadOnlySpan<byte> bytes) =>
        With(StackStart + i * StackStride, bytes).With(4, [(byte)(Used | 1 << (Top + i & 7))]);

    /// <summary>A copy with another xmm0 to xmm7.</summary>
    /// <param name="i">0 to 7.</param>
    /// <param name="bytes">Its 16 bytes.</param>
    public FloatingPointState WithXmm(int i, ReadOnlySpan<byte> bytes) => With(XmmStart + i * XmmBytes, bytes);

    /// <summary>A copy with another mm0 to mm7: another significand, and nothing else, so that all registers can be written back in any order.</summary>
    /// <param name="i">0 to 7.</param>
    /// <param name="value">Its 8 bytes.</param>
    public FloatingPointState WithMm(int i, ulong value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return With(StackStart + (i - Top & 7) * StackStride, bytes);
    }

    /// <summary>A copy with another MXCSR.</summary>
    public FloatingPointState WithMxcsr(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return With(24, bytes);
    }
}
