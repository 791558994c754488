using LguestPS.Memory;

namespace LguestPS.Devices.Virtio;

/// <summary>The buffer that a chain of descriptors makes: a stream of bytes for the device to read, then one for it to write.</summary>
/// <remarks>A virtqueue has one and uses it again for each chain. How the bytes are spread over descriptors has no meaning.</remarks>
/// <param name="memory">Where its pieces are.</param>
/// <param name="most">How many pieces it may have.</param>
internal sealed class DescriptorChain(GuestMemory memory, int most) : IGuestBuffer
{
    private readonly GuestRange[] pieces = new GuestRange[most];
    private int count, readableCount;
    private ulong readable, writable;

    /// <summary>The descriptor it begins with.</summary>
    public ushort Head { get; private set; }

    public uint ReadableLength => (uint)readable;

    public uint WritableLength => (uint)writable;

    /// <summary>What is there for the device to read.</summary>
    public ReadOnlySpan<GuestRange> Readable => pieces.AsSpan(0, readableCount);

    /// <summary>What is there for the device to write.</summary>
    public ReadOnlySpan<GuestRange> Writable => pieces.AsSpan(readableCount, count - readableCount);

    /// <summary>Whether one more piece would be too many.</summary>
    public bool IsFull => count == pieces.Length;

    /// <summary>Whether there is something to write, after which there can be nothing more to read.</summary>
    public bool HasWritable => count > readableCount;

    /// <summary>Whether its lengths can be told in 32 bits.</summary>
    public bool IsCountable => readable <= uint.MaxValue && writable <= uint.MaxValue;

    public void Begin(ushort head)
    {
        Head = head;
        count = readableCount = 0;
        readable = writable = 0;
    }

    public void Add(GuestRange piece, bool isWritable)
    {
        pieces[count++] = piece;
        if (isWritable)
        {
            writable += piece.Length;
            return;
        }
        readableCount = count;
        readable += piece.Length;
    }

    /// <summary>Copies from the bytes to be read, from one of them on.</summary>
    /// <returns>How many there were, at most as many as there is room for.</returns>
    public int Read(uint from, Span<byte> bytes)
    {
        int done = 0;
        foreach (GuestRange piece in Readable)
        {
            if (done == bytes.Length) break;
            if (!Skip(ref from, piece, out GuestRange rest)) continue;
            int length = (int)Math.Min(rest.Length, (uint)(bytes.Length - done));
            memory.Read(rest.Address, (uint)length).CopyTo(bytes[done..]);
            done += length;
        }
        return done;
    }

    /// <summary>Copies to the bytes to be written, from one of them on.</summary>
    /// <returns>How many found room.</returns>
    public int Write(uint from, ReadOnlySpan<byte> bytes)
    {
        int done = 0;
        foreach (GuestRange piece in Writable)
        {
            if (done == bytes.Length) break;
            if (!Skip(ref from, piece, out GuestRange rest)) continue;
            int length = (int)Math.Min(rest.Length, (uint)(bytes.Length - done));
            memory.Write(rest.Address, bytes.Slice(done, length));
            done += length;
        }
        return done;
    }

    /// <summary>The pieces of a part of one of the two streams.</summary>
    /// <param name="stream"><see cref="Readable"/> or <see cref="Writable"/>.</param>
    /// <param name="from">The first byte of the part.</param>
    /// <param name="length">Its length.</param>
    /// <param name="part">Gets the pieces; has room for as many as the stream has.</param>
    public static Span<GuestRange> Part(ReadOnlySpan<GuestRange> stream, uint from, uint length, Span<GuestRange> part)
    {
        int found = 0;
        foreach (GuestRange piece in stream)
        {
            if (length == 0) break;
            if (!Skip(ref from, piece, out GuestRange rest)) continue;
            rest = rest with { Length = Math.Min(rest.Length, length) };
            part[found++] = rest;
            length -= rest.Length;
        }
        return part[..found];
    }

    public byte[] ReadAll()
    {
        byte[] bytes = new byte[ReadableLength];
        Read(0, bytes);
        return bytes;
    }

    public byte[] ReadWritten(uint length)
    {
        byte[] bytes = new byte[length];
        int done = 0;
        foreach (GuestRange piece in Writable)
        {
            int part = (int)Math.Min(piece.Length, length - (uint)done);
            memory.Read(piece.Address, (uint)part).CopyTo(bytes.AsSpan(done));
            done += part;
        }
        return bytes;
    }

    public int WriteAll(ReadOnlySpan<byte> bytes) => Write(0, bytes);

    /// <summary>All pieces for an event, each with a copy of its bytes if it is of the one stream.</summary>
    /// <param name="written">Null for those to read; else how many of those to write are new.</param>
    public VirtqueueDescriptor[] Describe(uint? written)
    {
        VirtqueueDescriptor[] descriptors = new VirtqueueDescriptor[count];
        uint left = written ?? 0;
        for (int i = 0; i < count; i++)
        {
            GuestRange piece = pieces[i];
            bool isWritable = i >= readableCount;
            uint copied = written is null ? (isWritable ? 0 : piece.Length) : (isWritable ? Math.Min(left, piece.Length) : 0);
            if (isWritable) left -= copied;
            descriptors[i] = new VirtqueueDescriptor(piece.Address, (int)piece.Length, isWritable, memory.Read(piece.Address, copied).ToArray());
        }
        return descriptors;
    }

    private static bool Skip(ref uint from, GuestRange piece, out GuestRange rest)
    {
        if (from >= piece.Length)
        {
            from -= piece.Length;
            rest = default;
            return false;
        }
        rest = new GuestRange(piece.Address + from, piece.Length - from);
        from = 0;
        return true;
    }
}
