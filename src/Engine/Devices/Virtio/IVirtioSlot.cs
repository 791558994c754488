namespace LguestPS.Devices.Virtio;

/// <summary>A place on a bus with a virtio device in it.</summary>
internal interface IVirtioSlot
{
    VirtioDevice Device { get; }

    /// <summary>Why the device does nothing with its virtqueues, in words that follow their name; null if it does what it is for.</summary>
    string? WhyIdle { get; }
}
