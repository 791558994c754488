using LguestPS.Abi;
using LguestPS.Networks;

namespace LguestPS.Devices.Virtio;

/// <summary>A network card (virtio 1.0, 5.1): virtqueue 0 has buffers for frames that come in, virtqueue 1 the frames that go out, each frame after a header.</summary>
/// <remarks>What a guest leaves to its card is done here: an emulated processor would take many times as long for it.</remarks>
internal abstract class VirtioNet : VirtioDevice
{
    protected const int Receive = 0;
    private const int Transmit = 1;

    // A whole IP packet in its frame, with a tag of a virtual network.
    private const int LongestSent = ushort.MaxValue + 18;

    private readonly byte[] sent = new byte[LongestSent];
    private readonly byte[] cut = new byte[NetworkPort.LongestFrame];
    private readonly NetFunction card;
    private readonly VirtioRules rules;
    private NetInputQueue? input;

    protected VirtioNet(NetFunction card, VirtioRules rules)
        : base(card)
    {
        this.card = card;
        this.rules = rules;
        card.TellsMac = true;
    }

    public sealed override byte Type => 1;

    public sealed override int QueueCount => 2;

    public sealed override uint Features => rules.NetFeatures | NetFeature.Mac;

    /// <summary>The card's address.</summary>
    public sealed override byte[] Config
    {
        get
        {
            byte[] mac = new byte[MacAddress.Size];
            card.GuestMac.Write(mac);
            return mac;
        }
    }

    public sealed override IEnumerable<(byte Type, byte[] Data)> Fields => [(0x41, Config)];

    /// <summary>The buffers for frames that come in.</summary>
    protected IBufferQueue Input => input ??= new NetInputQueue(Queues[Receive], rules.NetHeader, () => (Accepted & NetFeature.GuestChecksum) != 0);

    /// <summary>Bytes of the longest frame that need not be cut.</summary>
    protected virtual int LongestUncut => NetworkPort.LongestFrame;

    public sealed override bool IsServed(int queue) => queue == Transmit;

    public sealed override void Serve(DeviceQueue queue)
    {
        Span<byte> header = stackalloc byte[rules.NetHeader];
        while (queue.Take() is { } chain)
        {
            if (chain.Read(0, header) < header.Length) Refuse(queue, $"a frame has {chain.ReadableLength} bytes, and {header.Length} are its header alone");
            // What is too long to be a frame is not even copied.
            uint length = chain.ReadableLength - (uint)header.Length;
            if (length <= LongestSent) Send(NetHeader.Read(header), sent.AsSpan(0, chain.Read((uint)header.Length, sent.AsSpan(0, (int)length))));
            queue.Return(chain, written: 0);
        }
    }

    /// <summary>Sends a frame of the guest.</summary>
    protected abstract void Send(Span<byte> frame);

    /// <summary>Does what the guest has left to its card. A frame that cannot be right is lost, as on a wire.</summary>
    private void Send(NetHeader header, Span<byte> frame)
    {
        if (header.Segmentation == NetHeader.NotCut || frame.Length <= LongestUncut)
        {
            if (!header.NeedsChecksum || TransportChecksum.TryFinish(frame, header.ChecksumStart, header.ChecksumOffset)) Send(frame);
        }
        else if (header.Segmentation == NetHeader.Tcp4 && TcpSegmenter.TryCreate(frame, header.SegmentSize, out TcpSegmenter segments))
        {
            while (segments.Next(cut) is > 0 and int length) Send(cut.AsSpan(0, length));
        }
    }
}
