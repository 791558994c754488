using System.Runtime.InteropServices;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace LguestPS.Launcher;

/// <summary>A file descriptor as the shell gave it, on Linux.</summary>
/// <remarks>
/// System.Console would read whole lines from a terminal and stay silent when the reader of a pipe has gone,
/// and FileStream keeps a position of its own in a file that others may be writing too.
/// </remarks>
internal sealed unsafe class DescriptorStream(int descriptor) : Stream
{
    // After poll a pipe takes this much without making us wait (PIPE_BUF).
    private const int MostAtOnce = 4096;
    private const int PatienceMilliseconds = 100;

    /// <summary>Once cancelled, writing no longer waits for a slow reader.</summary>
    public CancellationToken GiveUp { get; set; }

    public override bool CanRead => true;
    public override bool CanWrite => true;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <returns>0 at the end; a terminal that hung up is at its end.</returns>
    public override int Read(Span<byte> buffer)
    {
        while (true)
        {
            nint count;
            fixed (byte* start = buffer) count = (nint)(long)read(descriptor, start, (size_t)(ulong)buffer.Length);
            if (count >= 0) return (int)count;
            if (!MayTryAgain(POLLIN)) return 0;
        }
    }

    /// <exception cref="ReaderGoneException">It is a pipe that is no longer read.</exception>
    /// <exception cref="IOException">The disk is full, …; or it is not being read and <see cref="GiveUp"/> is cancelled.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            if (!IsWritable())
            {
                if (GiveUp.IsCancellationRequested) throw new IOException("it is not being read");
                continue;
            }
            nint count;
            fixed (byte* start = buffer) count = (nint)(long)write(descriptor, start, (size_t)(ulong)Math.Min(buffer.Length, MostAtOnce));
            if (count >= 0) buffer = buffer[(int)count..];
            else if (!MayTryAgain(POLLOUT)) throw errno == EPIPE ? new ReaderGoneException() : new IOException(Marshal.GetPInvokeErrorMessage(errno));
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private bool IsWritable()
    {
        pollfd ready = new() { fd = descriptor, events = POLLOUT };
        return poll(&ready, 1, PatienceMilliseconds) > 0;
    }

    private bool MayTryAgain(short wanted)
    {
        if (errno == EINTR) return true;
        if (errno != EAGAIN) return false;
        pollfd ready = new() { fd = descriptor, events = wanted };
        _ = poll(&ready, 1, -1);       // it fails only for a signal, and keeps no errno; either way it is tried again
        return true;
    }
}

/// <summary>Whoever read our output has gone, as head does when it has seen enough.</summary>
internal sealed class ReaderGoneException : IOException;
