namespace LguestPS.Abi;

/// <summary>What virtio devices have to know of the kernels of an era, however these reach them, as data.</summary>
internal abstract record VirtioRules
{
    /// <summary>Descriptors of each virtqueue, or the most that a guest may choose; a power of two.</summary>
    public required ushort QueueSize { get; init; }

    /// <summary>Whether there is a driver for random numbers, in some kernels of the era at least.</summary>
    public bool HasEntropy { get; init; } = true;

    /// <summary>Bytes of the header of a block request.</summary>
    public int BlockHeader { get; init; } = 16;

    /// <summary>Bytes of the header of a frame.</summary>
    public int NetHeader { get; init; } = 10;

    /// <summary>The features that disks may offer, of those in <see cref="BlockFeature"/> and <see cref="RingFeature"/>.</summary>
    public uint BlockFeatures { get; init; }

    /// <summary>The features that network cards offer besides their address, of those in <see cref="NetFeature"/> and <see cref="RingFeature"/>.</summary>
    public uint NetFeatures { get; init; }

    /// <summary>The features that the console offers, of those in <see cref="ConsoleFeature"/>.</summary>
    public uint ConsoleFeatures { get; init; }

    /// <summary>Whether a barrier is also safe itself when it is done, and not only what was written before it.</summary>
    public bool SyncsAfterBarrier { get; init; }
}

/// <summary>Features of virtio block devices (virtio 1.0, 5.2.3).</summary>
internal static class BlockFeature
{
    public const uint Barrier = 1u << 0;
    public const uint SegMax = 1u << 2;
    public const uint ReadOnly = 1u << 5;
    public const uint Flush = 1u << 9;
}

/// <summary>Features of virtio network cards (virtio 1.0, 5.1.3).</summary>
internal static class NetFeature
{
    public const uint Checksum = 1u << 0;
    public const uint GuestChecksum = 1u << 1;
    public const uint Mac = 1u << 5;
    public const uint HostTso4 = 1u << 11;

    /// <summary>The work that a guest may leave to its card. Large receive buffers (feature 7) are not among it: Linux would set aside a quarter of a small guest's memory for them.</summary>
    public const uint Offloads = Checksum | GuestChecksum | HostTso4;
}

/// <summary>Features of virtio consoles (virtio 1.0, 5.3.3).</summary>
internal static class ConsoleFeature
{
    public const uint EmergencyWrite = 1u << 2;
}

/// <summary>Features of virtqueues, whatever the device (virtio 1.0, 6).</summary>
internal static class RingFeature
{
    public const uint NotifyOnEmpty = 1u << 24;
    public const uint AnyLayout = 1u << 27;
    public const uint Indirect = 1u << 28;

    /// <summary>That the device and its driver keep to version 1 of the standard; of 64 bits, not the first 32.</summary>
    public const ulong Version1 = 1ul << 32;
}
