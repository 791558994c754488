namespace LguestPS.Networks.User;

/// <summary>What the guest has sent over a connection, on its way to the host's program, which is handed the next bytes when it has taken the last.</summary>
internal sealed class TcpDelivery(HostStream host)
{
    private readonly ByteRing waiting = new(TcpConnection.BufferSize);
    private readonly byte[] writing = new byte[HostStream.LongestRead];
    private int writingCount;

    /// <summary>How many more bytes may wait.</summary>
    public int Room => waiting.Room;

    /// <summary>Whether the guest has finished: nothing follows what waits.</summary>
    public bool HasEnd { get; private set; }

    /// <summary>Whether the program was handed everything, and told that it was the last.</summary>
    public bool IsFinished { get; private set; }

    /// <param name="data">The next bytes, at most <see cref="Room"/>.</param>
    /// <param name="end">Whether they are the last.</param>
    public void Add(ReadOnlySpan<byte> data, bool end)
    {
        waiting.Write(data);
        HasEnd |= end;
        HandOver();
    }

    /// <summary>The program has taken what it was handed.</summary>
    public void Taken()
    {
        writingCount = 0;
        HandOver();
    }

    private void HandOver()
    {
        if (writingCount != 0) return;
        while (waiting.Count != 0)
        {
            int count = Math.Min(waiting.Count, writing.Length);
            waiting.Peek(0, writing.AsSpan(0, count));
            int taken = host.TryWrite(writing.AsSpan(0, count));
            waiting.Skip(taken > 0 ? taken : count);
            if (taken > 0) continue;        // the guest need not wait for another thread
            writingCount = count;
            host.Write(writing.AsMemory(0, count));
            return;
        }
        if (!HasEnd || IsFinished) return;
        IsFinished = true;
        host.FinishWriting();
    }
}
