using System.Text;
using LguestPS.Devices;

namespace LguestPS;

/// <summary>Follows the output of a guest's console, whoever drives the guest. One thread at a time may use it.</summary>
/// <remarks>The guest does not wait for its readers: it keeps the newest MiB, and what a slow reader missed is counted.</remarks>
public sealed class ConsoleReader
{
    private readonly ConsoleTranscript transcript;
    private readonly Decoder decoder = Encoding.UTF8.GetDecoder();
    private long position;

    internal ConsoleReader(ConsoleTranscript transcript, long position)
    {
        this.transcript = transcript;
        this.position = position;
    }

    /// <summary>Bytes that were dropped before they could be read, so far.</summary>
    public long MissedBytes { get; private set; }

    /// <summary>What was written since the last time: complete characters of UTF-8.</summary>
    public string Read()
    {
        byte[] bytes = transcript.ReadFrom(ref position, out long missed);
        MissedBytes += missed;
        char[] text = new char[decoder.GetCharCount(bytes, flush: false)];
        decoder.GetChars(bytes, text, flush: false);
        return new string(text);
    }

    /// <summary>Waits until there is something to read, the guest has ended or the time is over.</summary>
    /// <returns>Whether there is something to read.</returns>
    public bool Wait(TimeSpan longest, CancellationToken stop = default) => transcript.WaitFor(position, longest, stop);
}
