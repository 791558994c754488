using System.Text;
using LguestPS.Events;

namespace LguestPS;

/// <summary>What a device did with a buffer of a virtqueue.</summary>
public enum VirtqueueOperation : long
{
    /// <summary>It took a chain of descriptors from the available ring.</summary>
    Taken,

    /// <summary>It gave the buffer back in the used ring.</summary>
    Returned,
}

/// <summary>One descriptor of a chain: a piece of guest memory, with a copy of the bytes that went over it.</summary>
/// <param name="Address">Guest-physical address.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="IsWritable">Whether it is for the device to write, rather than to read.</param>
/// <remarks>Its bytes are in <see cref="VirtqueueEvent.Data"/>, after those of the descriptors before it; in PowerShell they are its property Data, too.</remarks>
public sealed record VirtqueueDescriptor(uint Address, int Length, bool IsWritable)
{
    internal VirtqueueDescriptor(uint address, int length, bool isWritable, byte[] data) : this(address, length, isWritable) => Data = data;

    /// <summary>What the device could read here when it took the chain, or has written here when it gave it back; not public, so that ConvertTo-Json has the bytes once.</summary>
    internal byte[] Data { get; init; } = [];

    public override string ToString() => $"0x{Address:x8}+{Length}{(IsWritable ? " writable" : "")}";
}

/// <summary>A device has taken a buffer of a virtqueue, or has given one back.</summary>
public sealed record VirtqueueEvent : LguestEvent
{
    public override EventKinds Kind => EventKinds.Virtqueue;

    public required VirtqueueOperation Operation { get; init; }

    /// <summary>Name of the device, such as console or block0.</summary>
    public required string Device { get; init; }

    /// <summary>Which of the device's virtqueues, from 0.</summary>
    public required int Queue { get; init; }

    /// <summary>The first descriptor of the chain: its index in the descriptor table.</summary>
    public required int Head { get; init; }

    /// <summary>Bytes that the device says it has written; null for a chain that was taken.</summary>
    public required uint? UsedLength { get; init; }

    /// <summary>The descriptors, in the order of the chain. One that was taken has the bytes for the device to read, one that was returned those the device has written.</summary>
    public required VirtqueueDescriptor[] Descriptors { get; init; }

    /// <summary>All bytes of all descriptors.</summary>
    public byte[] Data => JoinedBytes.Of(Descriptors, descriptor => descriptor.Data);

    /// <summary>The data as UTF-8 text.</summary>
    public string Text => Encoding.UTF8.GetString(Data);

    internal override bool WritesToConsole => Device == "console" && Operation == VirtqueueOperation.Taken && Array.Exists(Descriptors, descriptor => !descriptor.IsWritable);

    internal override string? ShownText => Device == "console" && Array.Exists(Descriptors, descriptor => descriptor.Data.Length > 0) ? Text : null;

    public override string Summary => Operation == VirtqueueOperation.Taken
        ? $"{Device} queue {Queue} <- {Descriptors.Sum(descriptor => descriptor.Data.Length)} bytes, head {Head}"
        : $"{Device} queue {Queue} -> {UsedLength} bytes, head {Head}";
}
