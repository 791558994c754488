namespace LguestPS;

/// <summary>What a guest has asked of a device with a hypercall that is done, and the device has not done yet.</summary>
/// <param name="Device">Name of the device that will serve it, or null if none does.</param>
public abstract record PendingTransfer(string? Device)
{
    /// <summary>It in words that can follow "before": <c>DMA to console</c>.</summary>
    internal abstract string Words { get; }
}

/// <summary>A SEND_DMA that is done but not yet served by its device.</summary>
/// <param name="Key">The key the guest named.</param>
/// <param name="Address">Guest-physical address of the struct lguest_dma.</param>
/// <param name="Device">Name of the device that will serve it, or null if none watches the key.</param>
public sealed record PendingDma(uint Key, uint Address, string? Device) : PendingTransfer(Device)
{
    internal override string Words => $"DMA to {Device ?? $"key 0x{Key:x}"}";
}

/// <summary>A NOTIFY, or a write to a device's register notify, that is done, and of which the host has not looked at what it is about.</summary>
/// <param name="Purpose">What the guest says with it.</param>
/// <param name="Address">The guest-physical address that the guest named, or that of the register.</param>
/// <param name="Device">Name of the device whose virtqueue or descriptor that is, or that shows the text; null if there is none.</param>
/// <param name="Queue">Which of the device's virtqueues, from 0; null if it is none.</param>
public sealed record PendingKick(KickPurpose Purpose, uint Address, string? Device, int? Queue) : PendingTransfer(Device)
{
    internal override string Words => Purpose switch
    {
        KickPurpose.Queue => $"the kick of {Device}, queue {Queue}",
        KickPurpose.Status => $"the change of {Device}'s status",
        _ => $"the early console text at 0x{Address:x8}",
    };
}

/// <summary>What a guest says with a NOTIFY, or with a write to a device's register.</summary>
public enum KickPurpose : long
{
    /// <summary>There is something in a virtqueue.</summary>
    Queue,

    /// <summary>The status of a device has changed.</summary>
    Status,

    /// <summary>There is text for the console, from before its driver runs.</summary>
    EarlyConsole,
}
