using System.Buffers.Binary;
using LguestPS.Abi;
using LguestPS.Memory;

namespace LguestPS.Devices.Virtio.LguestBus;

/// <summary>What a guest reads of a device in the descriptor page of the lguest bus; packed, without padding.</summary>
/// <remarks>
/// From 2.6.25 on: type, number of virtqueues, length of the features, length of the configuration and status, a byte each; for each
/// virtqueue its size, irq and page; the features offered, those accepted; the configuration. 2.6.24: type, length of the fields and
/// status, a byte each; then fields of a type, a length and data, those of the virtqueues among them.
/// </remarks>
internal sealed class BusDescriptor
{
    private const byte QueueField = 2;
    private const int QueueSize = 8;

    // The guest of 2.6.25 looks one byte too far: with all 32 bits there it never does.
    private const int FeatureBytes = sizeof(uint);

    private readonly byte[] bytes;
    private readonly uint statusOffset;
    private readonly uint? acceptedOffset;

    /// <param name="device">The device.</param>
    /// <param name="rules">Of the guest's era.</param>
    /// <param name="address">Where the descriptor is to lie, guest-physical.</param>
    /// <param name="firstPage">Where the device's virtqueues are to lie.</param>
    /// <param name="firstIrq">The virtual interrupt of the first of them.</param>
    public BusDescriptor(VirtioDevice device, LguestBusRules rules, uint address, uint firstPage, int firstIrq)
    {
        Address = address;
        FirstIrq = firstIrq;
        uint pages = (uint)VirtqueuePlace.PagesOf(rules.QueueSize) * GuestMemory.PageSize;
        Places = [.. Enumerable.Range(0, device.QueueCount).Select(index => VirtqueuePlace.InPages(rules.QueueSize, firstPage + (uint)index * pages))];
        if (rules.HasTypedFields)
        {
            byte[] fields =
            [
                .. Places.SelectMany((place, index) => Field(QueueField, Queue(place, firstIrq + index))),
                .. device.Fields.SelectMany(field => Field(field.Type, field.Data)),
            ];
            bytes = [device.Type, Byte(fields.Length), 0, .. fields];
            statusOffset = 2;
            return;
        }
        byte[] features = new byte[FeatureBytes], config = device.Config;
        BinaryPrimitives.WriteUInt32LittleEndian(features, device.Features);
        byte[] queues = [.. Places.SelectMany((place, index) => Queue(place, firstIrq + index))];
        bytes = [device.Type, Byte(Places.Count), FeatureBytes, Byte(config.Length), 0, .. queues, .. features, .. new byte[FeatureBytes], .. config];
        statusOffset = 4;
        acceptedOffset = (uint)(5 + queues.Length + FeatureBytes);
    }

    /// <summary>Guest-physical.</summary>
    public uint Address { get; }

    public int Length => bytes.Length;

    public int FirstIrq { get; }

    /// <summary>Where the virtqueues lie.</summary>
    public IReadOnlyList<VirtqueuePlace> Places { get; }

    public uint StatusAddress => Address + statusOffset;

    /// <summary>Where the guest says which features it uses; null for guests that cannot.</summary>
    public uint? AcceptedAddress => Address + acceptedOffset;

    public void Write(GuestMemory memory) => memory.Write(Address, bytes);

    private static byte[] Queue(VirtqueuePlace place, int irq)
    {
        byte[] queue = new byte[QueueSize];
        BinaryPrimitives.WriteUInt16LittleEndian(queue, place.Size);
        BinaryPrimitives.WriteUInt16LittleEndian(queue.AsSpan(2), (ushort)irq);
        BinaryPrimitives.WriteUInt32LittleEndian(queue.AsSpan(4), place.Descriptors >> GuestMemory.PageShift);
        return queue;
    }

    private static byte[] Field(byte type, byte[] data) => [type, Byte(data.Length), .. data];

    private static byte Byte(int length) => checked((byte)length);
}
