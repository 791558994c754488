using LguestPS.Networks;

namespace LguestPS.Devices;

/// <summary>A network card: a wire on which frames come and go.</summary>
/// <param name="index">Which of the guest's cards it is, from 0.</param>
internal abstract class NetFunction(int index) : DeviceFunction
{
    private long sentFrames, sentBytes, receivedFrames, receivedBytes;
    private long seenMac = -1;

    public sealed override string Name => $"net{index}";

    /// <summary>The address of the guest's end, for a guest that is told one.</summary>
    public virtual MacAddress GuestMac { get; init; } = MacAddress.Of($"net{index}");

    /// <summary>Whether the guest is told its address; else it chooses one.</summary>
    public bool TellsMac { get; set; }

    /// <summary>The card as it is now; from any thread.</summary>
    public GuestNetwork State => Connection with
    {
        Mac = Interlocked.Read(ref seenMac) is >= 0 and var seen ? $"{new MacAddress((ulong)seen)}" : TellsMac ? $"{GuestMac}" : null,
        SentCount = Interlocked.Read(ref sentFrames),
        SentBytes = Interlocked.Read(ref sentBytes),
        ReceivedCount = Interlocked.Read(ref receivedFrames),
        ReceivedBytes = Interlocked.Read(ref receivedBytes),
    };

    /// <summary>What it is connected to, and how.</summary>
    protected abstract GuestNetwork Connection { get; }

    /// <summary>Counts a frame that the guest sent.</summary>
    public void CountSent(ReadOnlySpan<byte> frame)
    {
        Interlocked.Increment(ref sentFrames);
        Interlocked.Add(ref sentBytes, frame.Length);
        if (frame.Length >= NetworkPort.ShortestFrame && MacAddress.Read(frame[MacAddress.Size..]) is { IsGroup: false } from) Interlocked.Exchange(ref seenMac, (long)from.Bits);
    }

    /// <summary>Counts a frame that the guest got.</summary>
    public void CountReceived(int length)
    {
        Interlocked.Increment(ref receivedFrames);
        Interlocked.Add(ref receivedBytes, length);
    }
}
