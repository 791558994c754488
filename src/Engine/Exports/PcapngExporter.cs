using System.Text;
using LguestPS.Events;
using LguestPS.Networks;

namespace LguestPS.Exports;

/// <summary>Writes the frames of virtual networks as pcapng, an interface for each card, and a comment for each frame that says which event it is.</summary>
internal sealed class PcapngExporter : EventExporter
{
    private const int TransmitQueue = 1;
    private const ushort Comment = 1;           // of any block
    private const int LongestFrame = ushort.MaxValue + 18;

    private readonly TimeAxis axis;
    private readonly EventRecord record = new();
    private readonly PcapngWriter pcapng;
    private readonly Dictionary<(string Guest, string Device), uint> interfaces = [];

    public PcapngExporter(OutputBuffer output, TimeAxis axis)
    {
        this.axis = axis;
        pcapng = new PcapngWriter(output);
        pcapng.Begin(Pcapng.SectionHeader);
        pcapng.Put(Pcapng.ByteOrderMagic);
        pcapng.Put(Pcapng.Version);
        pcapng.Put(uint.MaxValue);         // the section's length
        pcapng.Put(uint.MaxValue);         // is not said
        pcapng.Option(Pcapng.UserApplication, "LguestPS"u8);
        pcapng.EndOptions();
        pcapng.End();
    }

    protected override IFieldSink Begin(EventSchema schema)
    {
        record.Clear(schema.Kind);
        return record;
    }

    protected override void End()
    {
        if (record.Kind is not (EventKinds.Dma or EventKinds.Virtqueue)) return;
        if (record.FindText(nameof(DmaEvent.Device)) is not { } device || !device.StartsWith("net", StringComparison.Ordinal)) return;
        ReadOnlySpan<byte> frame = record.FindBytes(nameof(DmaEvent.Data));
        bool isSent;
        if (record.Kind == EventKinds.Dma)
        {
            isSent = record.FindText(nameof(DmaEvent.Direction)) == nameof(DmaDirection.Send);
        }
        else
        {
            bool isTaken = record.FindText(nameof(VirtqueueEvent.Operation)) == nameof(VirtqueueOperation.Taken);
            isSent = record.FindNumber(nameof(VirtqueueEvent.Queue)) == TransmitQueue;
            if (isTaken != isSent) return;                  // a buffer without a frame
            frame = frame[Math.Min(HeaderLength(), frame.Length)..];
        }
        if (frame.IsEmpty || frame.Length > LongestFrame) return;
        Write(Interface(device), isSent ? FrameDirection.FromGuest : FrameDirection.ToGuest, frame, $"guest {record.Guest}, {device}, event {record.Sequence}");
    }

    public override void Finish() => pcapng.Flush();

    /// <summary>How long the header before a frame is: drivers give it a descriptor of its own, and those that do not are of virtio 1.0.</summary>
    private int HeaderLength()
    {
        const int InVirtio1 = 12;
        return record.FirstPartLength is 8 or 10 or 12 ? (int)record.FirstPartLength : InVirtio1;
    }

    private void Write(uint card, FrameDirection direction, ReadOnlySpan<byte> frame, string comment)
    {
        long time = record.TimeOn(axis);
        pcapng.Begin(Pcapng.EnhancedPacket);
        pcapng.Put(card);
        pcapng.Put((uint)(time >> 32));
        pcapng.Put((uint)time);
        pcapng.Put((uint)frame.Length);    // in the file
        pcapng.Put((uint)frame.Length);    // on the wire
        pcapng.Put(frame);
        pcapng.Option(Comment, Encoding.UTF8.GetBytes(comment));
        pcapng.Option(Pcapng.PacketFlags, BitConverter.GetBytes((uint)direction));
        pcapng.EndOptions();
        pcapng.End();
    }

    private uint Interface(string device)
    {
        if (interfaces.TryGetValue((record.Guest, device), out uint known)) return known;
        uint card = (uint)interfaces.Count;
        interfaces.Add((record.Guest, device), card);
        pcapng.Begin(Pcapng.InterfaceDescription);
        pcapng.Put(Pcapng.LinkTypeEthernet);
        pcapng.Put(LongestFrame);
        pcapng.Option(Pcapng.InterfaceName, Encoding.UTF8.GetBytes($"{record.Guest}/{device}"));
        pcapng.Option(Pcapng.TimeResolution, [Pcapng.Nanoseconds]);
        pcapng.EndOptions();
        pcapng.End();
        return card;
    }
}
