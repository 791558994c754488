namespace LguestPS.Devices.Virtio.Pci;

/// <summary>A register in a device's memory (virtio 1.0, 4.1.4.3 to 4.1.4.5); the names are the standard's.</summary>
/// <param name="Offset">Where it is, in bytes.</param>
/// <param name="Width">Bytes; only a whole register can be read or written. Those of 64 bits are two here, as they are accessed.</param>
/// <param name="Name">Its name.</param>
/// <param name="IsWritable">Whether the guest may write to it at all.</param>
internal sealed record PciRegister(uint Offset, int Width, string Name, bool IsWritable = true)
{
    public const uint DeviceFeatureSelect = 0;
    public const uint DeviceFeature = 4;
    public const uint DriverFeatureSelect = 8;
    public const uint DriverFeature = 12;
    public const uint MsixConfig = 16;
    public const uint NumQueues = 18;
    public const uint DeviceStatus = 20;
    public const uint ConfigGeneration = 21;
    public const uint QueueSelect = 22;
    public const uint QueueSize = 24;
    public const uint QueueMsixVector = 26;
    public const uint QueueEnable = 28;
    public const uint QueueNotifyOff = 30;
    public const uint QueueDesc = 32;
    public const uint QueueUsedHigh = 52;
    public const uint Notify = 56;
    public const uint Isr = 58;

    /// <summary>Where the device's own configuration begins.</summary>
    public const uint DeviceConfig = 60;

    private static readonly PciRegister[] All =
    [
        new(DeviceFeatureSelect, 4, "device_feature_select"), new(DeviceFeature, 4, "device_feature", IsWritable: false),
        new(DriverFeatureSelect, 4, "driver_feature_select"), new(DriverFeature, 4, "driver_feature"),
        new(MsixConfig, 2, "msix_config"), new(NumQueues, 2, "num_queues", IsWritable: false),
        new(DeviceStatus, 1, "device_status"), new(ConfigGeneration, 1, "config_generation", IsWritable: false),
        new(QueueSelect, 2, "queue_select"), new(QueueSize, 2, "queue_size"), new(QueueMsixVector, 2, "queue_msix_vector"),
        new(QueueEnable, 2, "queue_enable"), new(QueueNotifyOff, 2, "queue_notify_off", IsWritable: false),
        new(QueueDesc, 4, "queue_desc_lo"), new(QueueDesc + 4, 4, "queue_desc_hi"),
        new(QueueDesc + 8, 4, "queue_avail_lo"), new(QueueDesc + 12, 4, "queue_avail_hi"),
        new(QueueDesc + 16, 4, "queue_used_lo"), new(QueueUsedHigh, 4, "queue_used_hi"),
        new(Notify, 2, "notify"), new(Isr, 1, "isr", IsWritable: false),
    ];

    private static readonly PciRegister?[] ByOffset =
        [.. Enumerable.Range(0, (int)DeviceConfig).Select(offset => All.FirstOrDefault(register => register.Offset <= offset && offset < register.Offset + register.Width))];

    /// <summary>The register that a byte of the device's memory belongs to, or null.</summary>
    public static PciRegister? At(uint offset) => offset < DeviceConfig ? ByOffset[offset] : null;
}
