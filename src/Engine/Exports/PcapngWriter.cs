using System.Buffers.Binary;
using LguestPS.Networks;

namespace LguestPS.Exports;

/// <summary>Writes the blocks of a pcapng file.</summary>
internal sealed class PcapngWriter(OutputBuffer output)
{
    private byte[] block = new byte[4096];
    private int length;

    public void Begin(uint type)
    {
        length = 0;
        Put(type);
        Put(0);                     // the block's length, known at its end
    }

    public void End()
    {
        uint total = (uint)length + sizeof(uint);
        Put(total);
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(sizeof(uint)), total);
        output.Write(block.AsSpan(0, length));
        output.Pace();
    }

    public void Put(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(Reserve(sizeof(uint)), value);
        length += sizeof(uint);
    }

    /// <summary>Bytes, and zeros up to the next multiple of four.</summary>
    public void Put(ReadOnlySpan<byte> bytes)
    {
        Span<byte> place = Reserve(Pcapng.Padded(bytes.Length));
        place.Clear();
        bytes.CopyTo(place);
        length += place.Length;
    }

    /// <summary>An option of a block; what is longer than one can be is cut.</summary>
    public void Option(ushort code, ReadOnlySpan<byte> value)
    {
        value = value[..Math.Min(value.Length, ushort.MaxValue)];
        Put(code | (uint)value.Length << 16);
        Put(value);
    }

    public void EndOptions() => Option(Pcapng.EndOfOptions, []);

    public void Flush() => output.Flush();

    private Span<byte> Reserve(int count)
    {
        if (length + count > block.Length) Array.Resize(ref block, Math.Max(length + count, 2 * block.Length));
        return block.AsSpan(length, count);
    }
}
