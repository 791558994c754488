namespace LguestPS;

/// <summary>One descriptor of a chain that waits in a virtqueue.</summary>
/// <param name="Address">Guest-physical address.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="IsWritable">Whether it is for the device to write, rather than to read.</param>
public sealed record WaitingDescriptor(uint Address, uint Length, bool IsWritable)
{
    public override string ToString() => $"0x{Address:x8}+{Length}{(IsWritable ? " writable" : "")}";
}

/// <summary>A buffer that a guest has put into the available ring of a virtqueue, and that the device has not taken yet.</summary>
/// <param name="Order">0 for the one that would be taken next, and so on.</param>
/// <param name="Head">The first descriptor of its chain; null if that cannot be told.</param>
/// <param name="Descriptors">The chain; empty if it breaks a rule.</param>
/// <param name="Problem">Why the guest would end if the device took it, or null.</param>
public sealed record WaitingBuffer(int Order, int? Head, WaitingDescriptor[] Descriptors, string? Problem)
{
    /// <summary>Bytes for the device to read.</summary>
    public long ReadableLength => Descriptors.Sum(descriptor => descriptor.IsWritable ? 0L : descriptor.Length);

    /// <summary>Bytes for the device to write.</summary>
    public long WritableLength => Descriptors.Sum(descriptor => descriptor.IsWritable ? descriptor.Length : 0L);
}

/// <summary>A virtqueue of a device: where it lies, how far both sides have come, and what waits in it.</summary>
public sealed record GuestVirtqueue : GuestView
{
    /// <summary>Name of the device, such as console or block0.</summary>
    public required string Device { get; init; }

    /// <summary>Which of the device's virtqueues, from 0.</summary>
    public required int Queue { get; init; }

    /// <summary>How many descriptors it has.</summary>
    public required int Size { get; init; }

    /// <summary>The virtual interrupt that tells the guest of a buffer that was given back.</summary>
    public required int Irq { get; init; }

    /// <summary>Guest-physical address of the descriptor table.</summary>
    public required uint DescriptorTable { get; init; }

    /// <summary>Guest-physical address of the available ring, which the guest writes.</summary>
    public required uint AvailableRing { get; init; }

    /// <summary>Guest-physical address of the used ring, which the device writes.</summary>
    public required uint UsedRing { get; init; }

    /// <summary>The index of the available ring: how many buffers the guest has put there, modulo 65,536.</summary>
    public required int AvailableIndex { get; init; }

    /// <summary>How many of them the device has taken, modulo 65,536.</summary>
    public required int TakenIndex { get; init; }

    /// <summary>How many of them it has given back, modulo 65,536: the index of the used ring.</summary>
    public required int UsedIndex { get; init; }

    /// <summary>Whether the guest wants the interrupt.</summary>
    public required bool WantsInterrupt { get; init; }

    /// <summary>Buffers that the device has taken and not given back.</summary>
    public int InFlight => (ushort)(TakenIndex - UsedIndex);

    /// <summary>The buffers that wait to be taken, the next one first.</summary>
    public required WaitingBuffer[] Waiting { get; init; }

    /// <summary>The buffer that would be taken next, or null.</summary>
    public WaitingBuffer? Next => Waiting.FirstOrDefault();
}
