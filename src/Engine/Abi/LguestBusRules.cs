namespace LguestPS.Abi;

/// <summary>How guests of an era find and use the devices of the lguest bus (2.6.24 to 3.19): what differs, as data.</summary>
internal sealed record LguestBusRules
{
    // Large receive buffers (feature 7) are not among them: Linux would set aside a quarter of a small guest's memory for them.
    private const uint Offloads = NetFeature.Checksum | NetFeature.GuestChecksum | NetFeature.HostTso4;

    /// <summary>2.6.24: a descriptor holds typed fields.</summary>
    public static readonly LguestBusRules V2624 = new()
    {
        HasTypedFields = true, QueueSize = 128, HasStatusKicks = false, KickResets = false, HasEntropy = false, BlockHeader = 24, NetHeader = 8,
    };

    /// <summary>2.6.25 to 2.6.28: descriptors of five parts, and a reset. From 2.6.26 on the guest says when it has changed a status.</summary>
    public static readonly LguestBusRules V2625 = new()
    {
        QueueSize = 128, KickResets = true, BlockFeatures = BlockFeature.Barrier | BlockFeature.SegMax | BlockFeature.ReadOnly, NetFeatures = Offloads | RingFeature.NotifyOnEmpty,
    };

    /// <summary>2.6.29.</summary>
    public static readonly LguestBusRules V2629 = V2625 with { QueueSize = 256, KickResets = false };

    /// <summary>2.6.30: what was written before a barrier and the barrier itself are safe when it is done.</summary>
    public static readonly LguestBusRules V2630 = V2629 with { SyncsAfterBarrier = true };

    /// <summary>2.6.31 to 3.0: indirect descriptors. A barrier is asked for up to 2.6.36, a flush from 2.6.32 on.</summary>
    public static readonly LguestBusRules V2631 = V2630 with
    {
        BlockFeatures = V2630.BlockFeatures | BlockFeature.Flush, NetFeatures = Offloads | RingFeature.NotifyOnEmpty | RingFeature.Indirect,
    };

    /// <summary>3.1 to 3.19: the guest says when the features are final, and no longer when its driver is ready.</summary>
    public static readonly LguestBusRules V31 = V2631 with
    {
        BlockFeatures = BlockFeature.Flush | BlockFeature.SegMax | BlockFeature.ReadOnly, NetFeatures = Offloads | RingFeature.AnyLayout | RingFeature.Indirect,
    };

    /// <summary>Whether a descriptor holds fields of a type, a length and data, rather than queues, features and configuration one after the other.</summary>
    public bool HasTypedFields { get; init; }

    /// <summary>Descriptors of each virtqueue; a power of two.</summary>
    public required ushort QueueSize { get; init; }

    /// <summary>Whether a NOTIFY may name a descriptor: the status in it has changed, or is to be reset.</summary>
    public bool HasStatusKicks { get; init; } = true;

    /// <summary>Whether such a NOTIFY asks for a reset if the status was not changed step by step, as in 2.6.25, which leaves the old status there.</summary>
    public bool KickResets { get; init; }

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
}

/// <summary>Features of virtqueues, whatever the device (virtio 1.0, 6).</summary>
internal static class RingFeature
{
    public const uint NotifyOnEmpty = 1u << 24;
    public const uint AnyLayout = 1u << 27;
    public const uint Indirect = 1u << 28;
}
