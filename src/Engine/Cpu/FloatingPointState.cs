using System.Buffers.Binary;

namespace LguestPS.Cpu;

/// <summary>A register of the x87: double extended precision.</summary>
/// <param name="Significand">With its explicit integer bit.</param>
/// <param name="SignExponent">Bit 15 the sign, the rest the exponent, biased by 16383.</param>
internal readonly record struct FloatingPointRegister(ulong Significand, ushort SignExponent);

/// <summary>The state of the x87 as an image of fxsave holds it (Intel SDM volume 2).</summary>
internal readonly struct FloatingPointState
{
    private const int StackStart = 32;
    private const int StackStride = 16;

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
}
