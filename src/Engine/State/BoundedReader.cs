using System.Text;

namespace LguestPS.State;

/// <summary>Reads what is packed in a file and bounds what that unpacks to: a small file cannot fill the memory of this machine.</summary>
/// <param name="packed">What unpacks the file.</param>
/// <param name="most">The most bytes it may unpack to, what <see cref="Allow"/> adds left out.</param>
/// <exception cref="InvalidStateException">From every member: it unpacks to more, or holds what cannot be.</exception>
internal sealed class BoundedReader(Stream packed, long most) : BinaryReader(new BoundedStream(packed, most), Encoding.UTF8)
{
    private const int LongestText = 1 << 20;

    /// <summary>The version of the format that the file is in; the newest if nothing else is said.</summary>
    public int Version { get; init; } = int.MaxValue;

    /// <summary>Something of a known size comes next, whatever the file's own size.</summary>
    public void Allow(long bytes) => ((BoundedStream)BaseStream).Left += bytes;

    public override string ReadString() => Encoding.UTF8.GetString(Read(Read7BitEncodedInt(), LongestText, "a text"));

    /// <summary>So many bytes.</summary>
    public byte[] Read(int length, int longest, string what)
    {
        if (length < 0 || length > longest) throw new InvalidStateException($"{what} has {length} bytes");
        byte[] bytes = new byte[length];
        BaseStream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>How many of something follow.</summary>
    public int ReadCount(string what, int most = int.MaxValue)
    {
        int count = ReadInt32();
        return count >= 0 && count <= most ? count : throw new InvalidStateException($"it has {count} {what}");
    }

    private sealed class BoundedStream(Stream packed, long most) : Stream
    {
        public long Left { get; set; } = most;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            int read = packed.Read(buffer);
            Left -= read;
            return Left >= 0 ? read : throw new InvalidStateException("it unpacks to more than a file of its size can hold");
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing) packed.Dispose();
            base.Dispose(disposing);
        }
    }
}
