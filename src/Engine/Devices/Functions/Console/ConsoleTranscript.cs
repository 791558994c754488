using System.Text;
using LguestPS.State;

namespace LguestPS.Devices;

/// <summary>The newest output of a console. Any number of readers follow it, each at its own place.</summary>
internal sealed class ConsoleTranscript
{
    /// <summary>Bytes kept.</summary>
    public const int MostKept = 1 << 20;

    /// <summary>Bytes that are kept for readers to come, and saved.</summary>
    public const int ScrollbackSize = 64 * 1024;

    private const int FirstSize = 4096;

    private readonly object gate = new();
    private byte[] kept = new byte[FirstSize];
    private long written;
    private long restored;      // nothing before this position is known
    private bool closed;

    /// <summary>How many bytes there were so far.</summary>
    public long Written
    {
        get
        {
            lock (gate) return written;
        }
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        lock (gate)
        {
            while (kept.Length < MostKept && written + bytes.Length > kept.Length) Array.Resize(ref kept, kept.Length * 2);
            Put(bytes);
            Monitor.PulseAll(gate);
        }
    }

    /// <summary>The newest 64 KiB as UTF-8 text.</summary>
    public string Scrollback
    {
        get
        {
            lock (gate) return Encoding.UTF8.GetString(Copy(Math.Max(Oldest, written - ScrollbackSize)));
        }
    }

    private long Oldest => Math.Max(restored, written - kept.Length);

    /// <summary>What was written after a position, which moves to the end.</summary>
    /// <param name="position">Bytes from the start of all output.</param>
    /// <param name="missed">How many bytes from there are no longer kept.</param>
    public byte[] ReadFrom(ref long position, out long missed)
    {
        lock (gate)
        {
            position = Math.Min(position, written);     // the guest may have gone back to an earlier state
            long from = Math.Max(position, Oldest);
            missed = from - position;
            position = written;
            return Copy(from);
        }
    }

    /// <summary>Waits until there is something after a position, or there will never be.</summary>
    /// <returns>Whether there is.</returns>
    public bool WaitFor(long position, TimeSpan longest, CancellationToken stop)
    {
        using CancellationTokenRegistration stopped = stop.Register(Pulse);
        long deadline = longest == Timeout.InfiniteTimeSpan ? long.MaxValue : Environment.TickCount64 + (long)longest.TotalMilliseconds;
        lock (gate)
        {
            position = Math.Min(position, written);
            while (written <= position && !closed && !stop.IsCancellationRequested)
            {
                long left = deadline == long.MaxValue ? Timeout.Infinite : deadline - Environment.TickCount64;
                if (left <= 0 && left != Timeout.Infinite) break;
                Monitor.Wait(gate, (int)Math.Min(left, int.MaxValue));
            }
            return written > position;
        }
    }

    public void Save(StateWriter state)
    {
        lock (gate)
        {
            state.Write(written);
            state.Write(Copy(Math.Max(Oldest, written - ScrollbackSize)));
        }
    }

    public void Load(StateReader state)
    {
        long position = state.ReadCount("the console's position");
        ReadOnlySpan<byte> newest = state.ReadSpan();
        if (newest.Length > Math.Min(position, ScrollbackSize)) throw new InvalidStateException("more of the console's text is kept than there was");
        lock (gate)
        {
            written = restored = position - newest.Length;
            while (kept.Length < MostKept && position > kept.Length) Array.Resize(ref kept, kept.Length * 2);
            Put(newest);
            Monitor.PulseAll(gate);
            closed = false;
        }
    }

    /// <summary>The guest had ended, and is booted again.</summary>
    public void Open()
    {
        lock (gate) closed = false;
    }

    /// <summary>The guest has ended: there will be no more.</summary>
    public void Close()
    {
        lock (gate)
        {
            closed = true;
            Monitor.PulseAll(gate);
        }
    }

    private void Pulse()
    {
        lock (gate) Monitor.PulseAll(gate);
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > kept.Length)
        {
            written += bytes.Length - kept.Length;
            bytes = bytes[^kept.Length..];
        }
        int start = (int)(written % kept.Length), head = Math.Min(bytes.Length, kept.Length - start);
        bytes[..head].CopyTo(kept.AsSpan(start));
        bytes[head..].CopyTo(kept);
        written += bytes.Length;
    }

    private byte[] Copy(long from)
    {
        byte[] bytes = new byte[written - from];
        int start = (int)(from % kept.Length), head = Math.Min(bytes.Length, kept.Length - start);
        kept.AsSpan(start, head).CopyTo(bytes);
        kept.AsSpan(0, bytes.Length - head).CopyTo(bytes.AsSpan(head));
        return bytes;
    }
}
