using System.Collections.Concurrent;
using System.Text;

namespace LguestPS.Gdb;

/// <summary>The packets of gdb's remote serial protocol on a connection: <c>$text#checksum</c>, acknowledged until both sides agree not to.</summary>
/// <remarks>A thread reads, so that Ctrl-C (byte 3) is seen while the guest runs; whoever drives the guest takes the packets.</remarks>
internal sealed class GdbPackets : IDisposable
{
    /// <summary>The longest packet either side may send; hexadecimal memory takes two letters a byte.</summary>
    public const int LongestPacket = 0x4000;

    private const byte Interrupt = 3;

    private readonly Stream stream;
    private readonly bool readsAhead;
    private readonly BlockingCollection<string> received = new(boundedCapacity: 64);
    private readonly Lock sending = new();
    private CancellationTokenSource? running;
    private bool interrupted;
    private volatile bool acknowledges = true;

    /// <param name="stream">The connection.</param>
    /// <param name="readsAhead">Whether a thread reads; if not, a packet is read when it is wanted, and nothing stops a guest that runs.</param>
    public GdbPackets(Stream stream, bool readsAhead = true)
    {
        this.stream = stream;
        this.readsAhead = readsAhead;
        if (readsAhead) new Thread(Read) { IsBackground = true, Name = "lguest gdb" }.Start();
    }

    /// <summary>Whether gdb can stop a guest that runs.</summary>
    public bool CanInterrupt => readsAhead;

    /// <summary>The next packet.</summary>
    /// <returns>Null if the connection is over.</returns>
    /// <exception cref="OperationCanceledException">On <paramref name="stop"/>.</exception>
    public string? Receive(CancellationToken stop)
    {
        if (readsAhead) return received.TryTake(out string? packet, Timeout.Infinite, stop) ? packet : null;
        stop.ThrowIfCancellationRequested();
        return Next();
    }

    /// <summary>Cancels this when gdb asks for a stop, or is gone; null when the guest stands still.</summary>
    public void WhileRunning(CancellationTokenSource? run)
    {
        lock (sending)
        {
            running = run;
            if (received.IsAddingCompleted || interrupted) run?.Cancel();
            interrupted = false;
        }
    }

    public void Send(string packet)
    {
        byte[] text = Encoding.Latin1.GetBytes(packet);
        List<byte> bytes = new(text.Length + 4) { (byte)'$' };
        foreach (byte value in text)
        {
            if (value is (byte)'$' or (byte)'#' or (byte)'}' or (byte)'*')
            {
                bytes.Add((byte)'}');
                bytes.Add((byte)(value ^ 0x20));
            }
            else
            {
                bytes.Add(value);
            }
        }
        byte sum = 0;
        foreach (byte value in bytes.Skip(1)) sum += value;
        bytes.AddRange(Encoding.Latin1.GetBytes($"#{sum:x2}"));
        Write([.. bytes]);
    }

    /// <summary>Lets gdb show a text; only between a packet that lets the guest go and its answer.</summary>
    public void SendConsoleText(string text) => Send($"O{Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text))}");

    /// <summary>From the next packet on nothing is acknowledged (QStartNoAckMode).</summary>
    public void StopAcknowledging() => acknowledges = false;

    public void Dispose() => stream.Dispose();

    private void Write(byte[] bytes)
    {
        try
        {
            lock (sending) stream.Write(bytes);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The reader finds out, too, and ends the session.
        }
    }

    private void Read()
    {
        try
        {
            while (Next() is { } packet) received.Add(packet);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
        }
        received.CompleteAdding();
        lock (sending) running?.Cancel();
    }

    private string? Next()
    {
        while (true)
        {
            int first = stream.ReadByte();
            switch (first)
            {
                case < 0:
                    return null;
                case Interrupt:
                    lock (sending)
                    {
                        running?.Cancel();
                        interrupted = running is null;      // it may have overtaken the packet that lets the guest go
                    }
                    break;
                case '$':
                    if (Body() is not { } body) return null;
                    if (body.IsGood)
                    {
                        lock (sending) interrupted = false;
                        if (acknowledges) Write("+"u8.ToArray());
                        return body.Text;
                    }
                    Write("-"u8.ToArray());
                    break;
            }
        }
    }

    private (string Text, bool IsGood)? Body()
    {
        StringBuilder text = new();
        byte sum = 0;
        while (true)
        {
            int value = stream.ReadByte();
            if (value < 0) return null;
            if (value == '#') break;
            sum += (byte)value;
            if (value == '}')
            {
                int escaped = stream.ReadByte();
                if (escaped < 0) return null;
                sum += (byte)escaped;
                value = escaped ^ 0x20;
            }
            if (text.Length <= 2 * LongestPacket) text.Append((char)value);
        }
        int high = stream.ReadByte(), low = stream.ReadByte();
        if (high < 0 || low < 0) return null;
        bool isGood = !acknowledges || (byte.TryParse($"{(char)high}{(char)low}", System.Globalization.NumberStyles.AllowHexSpecifier, null, out byte wanted) && wanted == sum);
        return (text.Length > 2 * LongestPacket ? "" : text.ToString(), isGood);
    }
}
