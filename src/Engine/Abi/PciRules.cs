namespace LguestPS.Abi;

/// <summary>How guests of an era find and use virtio 1.0 devices on the PCI bus (4.0 to 4.13): what is theirs, as data.</summary>
internal sealed record PciRules : VirtioRules
{
    /// <summary>4.0 to 4.13.</summary>
    public static readonly PciRules V40 = new()
    {
        QueueSize = 256,
        NetHeader = 12,
        BlockFeatures = BlockFeature.Flush | BlockFeature.SegMax | BlockFeature.ReadOnly,
        NetFeatures = NetFeature.Offloads | RingFeature.Indirect,
        ConsoleFeatures = ConsoleFeature.EmergencyWrite,
        ConfigLengths = [0, 12, 36, 12, 0],
    };

    /// <summary>Bytes of the configuration of each type of device, whatever of it is offered: none, network card, disk, console, random numbers.</summary>
    public required IReadOnlyList<int> ConfigLengths { get; init; }
}
