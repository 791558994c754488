namespace LguestPS.Abi;

/// <summary>How guests of an era find and use the devices of the lguest bus (2.6.24 to 3.19): what differs, as data.</summary>
internal sealed record LguestBusRules : VirtioRules
{
    /// <summary>2.6.24: a descriptor holds typed fields.</summary>
    public static readonly LguestBusRules V2624 = new()
    {
        HasTypedFields = true, QueueSize = 128, HasStatusKicks = false, KickResets = false, HasEntropy = false, BlockHeader = 24, NetHeader = 8,
    };

    /// <summary>2.6.25 to 2.6.28: descriptors of five parts, and a reset. From 2.6.26 on the guest says when it has changed a status.</summary>
    public static readonly LguestBusRules V2625 = new()
    {
        QueueSize = 128, KickResets = true, BlockFeatures = BlockFeature.Barrier | BlockFeature.SegMax | BlockFeature.ReadOnly, NetFeatures = NetFeature.Offloads | RingFeature.NotifyOnEmpty,
    };

    /// <summary>2.6.29.</summary>
    public static readonly LguestBusRules V2629 = V2625 with { QueueSize = 256, KickResets = false };

    /// <summary>2.6.30: what was written before a barrier and the barrier itself are safe when it is done.</summary>
    public static readonly LguestBusRules V2630 = V2629 with { SyncsAfterBarrier = true };

    /// <summary>2.6.31 to 3.0: indirect descriptors. A barrier is asked for up to 2.6.36, a flush from 2.6.32 on.</summary>
    public static readonly LguestBusRules V2631 = V2630 with
    {
        BlockFeatures = V2630.BlockFeatures | BlockFeature.Flush, NetFeatures = NetFeature.Offloads | RingFeature.NotifyOnEmpty | RingFeature.Indirect,
    };

    /// <summary>3.1 to 3.19: the guest says when the features are final, and no longer when its driver is ready.</summary>
    public static readonly LguestBusRules V31 = V2631 with
    {
        BlockFeatures = BlockFeature.Flush | BlockFeature.SegMax | BlockFeature.ReadOnly, NetFeatures = NetFeature.Offloads | RingFeature.AnyLayout | RingFeature.Indirect,
    };

    /// <summary>Whether a descriptor holds fields of a type, a length and data, rather than queues, features and configuration one after the other.</summary>
    public bool HasTypedFields { get; init; }

    /// <summary>Whether a NOTIFY may name a descriptor: the status in it has changed, or is to be reset.</summary>
    public bool HasStatusKicks { get; init; } = true;

    /// <summary>Whether such a NOTIFY asks for a reset if the status was not changed step by step, as in 2.6.25, which leaves the old status there.</summary>
    public bool KickResets { get; init; }
}
