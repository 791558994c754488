using System.Text;
using LguestPS.Checkpoints;
using LguestPS.Dma;

namespace LguestPS.Devices;

/// <summary>The console: what the guest sends is shown, what is typed waits until the guest has a buffer for it.</summary>
internal sealed class ConsoleDevice : Device
{
    private const int ScrollbackSize = 64 * 1024;

    /// <summary>The most bytes that may wait for the guest to take them.</summary>
    public const int MostWaiting = 1 << 20;

    private readonly Lock gate = new();
    private readonly Queue<byte> typed = new();
    private readonly byte[] scrollback = new byte[ScrollbackSize];
    private long written;

    public override string Name => "console";

    public override ushort Type => 1;

    public override uint Key => 0;

    public override bool HasInput
    {
        get
        {
            lock (gate) return typed.Count != 0;
        }
    }

    /// <summary>The newest 64 KiB of output as UTF-8 text.</summary>
    public string Scrollback
    {
        get
        {
            lock (gate)
            {
                if (written <= ScrollbackSize) return Encoding.UTF8.GetString(scrollback, 0, (int)written);
                int start = (int)(written % ScrollbackSize);
                byte[] ordered = new byte[ScrollbackSize];
                scrollback.AsSpan(start).CopyTo(ordered);
                scrollback.AsSpan(0, start).CopyTo(ordered.AsSpan(ScrollbackSize - start));
                return Encoding.UTF8.GetString(ordered);
            }
        }
    }

    /// <summary>Takes what is typed: all of it or, if too much waits already, nothing.</summary>
    public bool TryEnter(ReadOnlySpan<byte> bytes)
    {
        lock (gate)
        {
            if (bytes.Length > MostWaiting - typed.Count) return false;
            foreach (byte value in bytes) typed.Enqueue(value);
            return true;
        }
    }

    public override void Save(StateWriter state)
    {
        lock (gate)
        {
            state.Write(typed.ToArray());
            state.Write(written);
            state.WriteRaw<byte>(scrollback.AsSpan(0, (int)Math.Min(written, ScrollbackSize)));
        }
    }

    public override void Load(StateReader state)
    {
        lock (gate)
        {
            byte[] waiting = state.ReadBytes();
            if (waiting.Length > MostWaiting) throw new InvalidStateException("more text waits for the console than may");
            typed.Clear();
            foreach (byte value in waiting) typed.Enqueue(value);
            written = state.ReadCount("the console's position");
            state.ReadRaw(scrollback.AsSpan(0, (int)Math.Min(written, ScrollbackSize)));
        }
    }

    public override DmaOutcome Serve(Guest guest, DmaList sent)
    {
        byte[] bytes = sent.ReadAll();
        lock (gate)
        {
            foreach (byte value in bytes) scrollback[written++ % ScrollbackSize] = value;
        }
        guest.ConsoleOutput?.Invoke(bytes);
        return new DmaOutcome((uint)bytes.Length);
    }

    public override uint Fill(Guest guest, DmaList buffer)
    {
        lock (gate)
        {
            byte[] bytes = new byte[Math.Min(typed.Count, (int)buffer.Length)];
            for (int i = 0; i < bytes.Length; i++) bytes[i] = typed.Dequeue();
            return (uint)buffer.WriteAll(bytes);
        }
    }
}
