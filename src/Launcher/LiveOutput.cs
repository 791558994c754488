namespace LguestPS.Launcher;

/// <summary>Collects output into large writes, yet lets a reader see everything soon after it was made.</summary>
internal sealed class LiveOutput : IDisposable
{
    private const int Enough = 32 * 1024;
    private const int MostDelayMilliseconds = 20;

    private readonly Lock gate = new();
    private readonly Stream output;
    private readonly Action<IOException> broken;
    private readonly Timer delayed;
    private readonly byte[] waiting = new byte[Enough];
    private int length;
    private bool isBroken;

    /// <param name="output">Where it goes in the end.</param>
    /// <param name="broken">Called once, on any thread, with the reason why nothing can be written from now on.</param>
    public LiveOutput(Stream output, Action<IOException> broken)
    {
        this.output = output;
        this.broken = broken;
        delayed = new Timer(_ => Flush());
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        lock (gate)
        {
            if (length + bytes.Length > waiting.Length) Send();
            if (bytes.Length > waiting.Length)
            {
                Send(bytes);
                return;
            }
            if (length == 0) delayed.Change(MostDelayMilliseconds, Timeout.Infinite);
            bytes.CopyTo(waiting.AsSpan(length));
            length += bytes.Length;
        }
    }

    public void WriteNow(ReadOnlySpan<byte> bytes)
    {
        lock (gate)
        {
            Send();
            Send(bytes);
        }
    }

    public void Flush()
    {
        lock (gate) Send();
    }

    public void Dispose()
    {
        delayed.Dispose();
        Flush();
    }

    private void Send()
    {
        int count = length;
        length = 0;
        if (count != 0) Send(waiting.AsSpan(0, count));
    }

    private void Send(ReadOnlySpan<byte> bytes)
    {
        if (isBroken) return;
        try
        {
            output.Write(bytes);
            output.Flush();
        }
        catch (IOException e)
        {
            isBroken = true;
            broken(e);
        }
    }
}
