using System.Runtime.InteropServices;
using static LguestPS.Terminals.LibC;

namespace LguestPS.Terminals;

/// <summary>The keys of a terminal as a stream whose reader can be called off: one that stayed would take the next program's keys.</summary>
internal sealed unsafe class TerminalKeys : Stream
{
    private readonly int descriptor;
    private readonly int wakeRead, wakeWrite;

    /// <param name="descriptor">The terminal; stays open.</param>
    public TerminalKeys(int descriptor)
    {
        this.descriptor = descriptor;
        int* ends = stackalloc int[2];
        if (pipe(ends) != 0) throw new IOException(Marshal.GetLastPInvokeErrorMessage());
        (wakeRead, wakeWrite) = (ends[0], ends[1]);
    }

    public override bool CanRead => true;
    public override bool CanWrite => false;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Ends the reading, now and for good.</summary>
    public void End()
    {
        byte anything = 0;
        _ = write(wakeWrite, &anything, 1);
    }

    /// <returns>0 after <see cref="End"/> and when the terminal has hung up.</returns>
    public override int Read(Span<byte> buffer)
    {
        PollDescriptor* ready = stackalloc PollDescriptor[2];
        while (true)
        {
            ready[0] = new PollDescriptor { fd = descriptor, events = POLLIN };
            ready[1] = new PollDescriptor { fd = wakeRead, events = POLLIN };
            if (poll(ready, 2, -1) < 0)
            {
                if (Marshal.GetLastPInvokeError() == EINTR) continue;
                return 0;
            }
            if (ready[1].revents != 0) return 0;
            nint count;
            fixed (byte* start = buffer) count = read(descriptor, start, (nuint)buffer.Length);
            if (count >= 0) return (int)count;
            if (Marshal.GetLastPInvokeError() != EINTR) return 0;
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _ = close(wakeRead);
        _ = close(wakeWrite);
        base.Dispose(disposing);
    }
}
