using System.Buffers;

namespace LguestPS.Exports;

/// <summary>Collects what is written into large writes to a stream.</summary>
internal sealed class OutputBuffer(Stream output) : IBufferWriter<byte>
{
    private const int Enough = 64 * 1024;

    private byte[] waiting = new byte[2 * Enough];
    private int length;

    public void Advance(int count) => length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return waiting.AsMemory(length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return waiting.AsSpan(length);
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        length += bytes.Length;
    }

    /// <summary>Passes on what waits if it is much.</summary>
    public void Pace()
    {
        if (length >= Enough) Flush();
    }

    public void Flush()
    {
        output.Write(waiting, 0, length);
        length = 0;
    }

    private void Reserve(int count)
    {
        int needed = length + Math.Max(count, 256);
        if (needed > waiting.Length) Array.Resize(ref waiting, Math.Max(needed, 2 * waiting.Length));
    }
}
