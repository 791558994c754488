using LguestPS.State;

namespace LguestPS.Devices;

/// <summary>What was typed and not yet taken by the guest. Bounded; nothing is dropped.</summary>
internal sealed class ConsoleInput
{
    /// <summary>The most bytes that may wait.</summary>
    public const int MostWaiting = 1 << 20;

    /// <summary>The most bytes that wait when whoever types can wait, too: a file that is piped in is read as the guest takes it.</summary>
    public const int MostAhead = 64 * 1024;

    private readonly object gate = new();
    private bool closed;

    // Made when something is typed: the runtime compiles queues of bytes again at each start.
    private Queue<byte>? queue;

    public bool IsEmpty
    {
        get
        {
            lock (gate) return Waiting == 0;
        }
    }

    /// <summary>Takes all of it or, if too much waits already, nothing.</summary>
    public bool TryEnter(ReadOnlySpan<byte> bytes)
    {
        lock (gate)
        {
            if (bytes.Length > MostWaiting - Waiting) return false;
            Enqueue(bytes);
            return true;
        }
    }

    /// <summary>Takes as much as there is room for; waits until there is some.</summary>
    /// <returns>Bytes taken; 0 on <paramref name="stop"/> or when no more will be taken.</returns>
    public int EnterSome(ReadOnlySpan<byte> bytes, CancellationToken stop)
    {
        using CancellationTokenRegistration stopped = stop.Register(Pulse);
        lock (gate)
        {
            while (Waiting >= MostAhead && !closed && !stop.IsCancellationRequested) Monitor.Wait(gate);
            if (closed || stop.IsCancellationRequested) return 0;
            int count = Math.Min(bytes.Length, MostAhead - Waiting);
            Enqueue(bytes[..count]);
            return count;
        }
    }

    /// <summary>Hands over what was typed first.</summary>
    public byte[] Take(int most)
    {
        lock (gate)
        {
            byte[] bytes = new byte[Math.Min(Waiting, most)];
            for (int i = 0; i < bytes.Length; i++) bytes[i] = queue!.Dequeue();
            Monitor.PulseAll(gate);
            return bytes;
        }
    }

    /// <summary>Puts what was taken before what waits.</summary>
    public void PutBack(byte[] taken)
    {
        lock (gate)
        {
            byte[] behind = All();
            queue?.Clear();
            Enqueue(taken);
            Enqueue(behind);
        }
    }

    public void Save(StateWriter state)
    {
        lock (gate) state.Write(All());
    }

    public void Load(StateReader state)
    {
        byte[] waiting = state.ReadBytes();
        if (waiting.Length > MostWaiting) throw new InvalidStateException("more text waits for the console than may");
        lock (gate)
        {
            queue?.Clear();
            Enqueue(waiting);
            closed = false;
            Monitor.PulseAll(gate);
        }
    }

    /// <summary>The guest had ended, and is booted again.</summary>
    public void Open()
    {
        lock (gate) closed = false;
    }

    /// <summary>The guest has ended.</summary>
    public void Close()
    {
        lock (gate)
        {
            closed = true;
            Monitor.PulseAll(gate);
        }
    }

    private int Waiting => queue?.Count ?? 0;

    private byte[] All() => queue?.ToArray() ?? [];

    private void Enqueue(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return;
        queue ??= new Queue<byte>();
        foreach (byte value in bytes) queue.Enqueue(value);
    }

    private void Pulse()
    {
        lock (gate) Monitor.PulseAll(gate);
    }
}
