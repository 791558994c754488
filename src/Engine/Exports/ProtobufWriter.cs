using System.Numerics;
using System.Text;

namespace LguestPS.Exports;

/// <summary>Writes protobuf messages (protobuf.dev/programming-guides/encoding), nested ones in place.</summary>
internal sealed class ProtobufWriter(Stream output)
{
    private const int Enough = 64 * 1024;
    private const int LengthBytes = 4;

    private readonly Stack<int> open = new();
    private byte[] waiting = new byte[2 * Enough];
    private int length;

    /// <summary>A number.</summary>
    public void Number(int field, ulong value)
    {
        Reserve(20);
        PutVarint((ulong)field << 3);
        PutVarint(value);
    }

    public void Number(int field, long value) => Number(field, (ulong)value);

    public void Text(int field, string value)
    {
        int bytes = Encoding.UTF8.GetByteCount(value);
        Reserve(bytes + 20);
        PutVarint((ulong)field << 3 | 2);
        PutVarint((ulong)bytes);
        length += Encoding.UTF8.GetBytes(value, waiting.AsSpan(length));
    }

    /// <summary>Begins a message, until the next <see cref="End"/>.</summary>
    /// <remarks>Its length is written once it is known, in a fixed number of bytes: a varint may be longer than it needs to be.</remarks>
    public void Begin(int field)
    {
        Reserve(20);
        PutVarint((ulong)field << 3 | 2);
        length += LengthBytes;
        open.Push(length);
    }

    public void End()
    {
        int start = open.Pop();
        uint count = (uint)(length - start);
        for (int i = 0; i < LengthBytes; i++, count >>= 7) waiting[start - LengthBytes + i] = (byte)(count & 0x7F | (i < LengthBytes - 1 ? 0x80u : 0));
        if (open.Count == 0 && length >= Enough) Flush();
    }

    public void Flush()
    {
        output.Write(waiting, 0, length);
        length = 0;
    }

    private void PutVarint(ulong value)
    {
        for (; value >= 0x80; value >>= 7) waiting[length++] = (byte)(value | 0x80);
        waiting[length++] = (byte)value;
    }

    private void Reserve(int count)
    {
        if (length + count > waiting.Length) Array.Resize(ref waiting, (int)BitOperations.RoundUpToPowerOf2((uint)(length + count)));
    }
}
