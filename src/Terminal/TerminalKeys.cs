namespace LguestPS.Terminals;

/// <summary>The keys of a terminal as a stream whose reader can be called off: one that stayed would take the next program's keys.</summary>
internal abstract class TerminalKeys : Stream
{
    public override bool CanRead => true;
    public override bool CanWrite => false;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Ends the reading, now and for good.</summary>
    public abstract void End();

    /// <returns>0 after <see cref="End"/> and when the terminal has hung up.</returns>
    public abstract override int Read(Span<byte> buffer);

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
