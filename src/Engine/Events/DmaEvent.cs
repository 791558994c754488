using System.Text;
using LguestPS.Events;

namespace LguestPS;

/// <summary>Which way a DMA went, seen from the guest.</summary>
public enum DmaDirection : long
{
    /// <summary>From the guest to a device.</summary>
    Send,

    /// <summary>From a device into a buffer the guest bound.</summary>
    Receive,
}

/// <summary>One section of a DMA with a copy of its bytes.</summary>
/// <param name="Address">Guest-physical address.</param>
/// <param name="Length">Length in bytes.</param>
/// <remarks>Its bytes are in <see cref="DmaEvent.Data"/>, after those of the sections before it; in PowerShell they are its property Data, too.</remarks>
public sealed record DmaSection(uint Address, int Length)
{
    internal DmaSection(uint address, int length, byte[] data) : this(address, length) => Data = data;

    /// <summary>The bytes as they were when the DMA was served; not public, so that ConvertTo-Json has the bytes of a DMA once.</summary>
    internal byte[] Data { get; init; } = [];

    public override string ToString() => $"0x{Address:x8}+{Length}";
}

/// <summary>A DMA between the guest and a device of the launcher that has been served.</summary>
public sealed record DmaEvent : LguestEvent
{
    public override EventKinds Kind => EventKinds.Dma;

    public required DmaDirection Direction { get; init; }

    /// <summary>The key the guest named: a guest-physical address, 0 for the console (ABI §7).</summary>
    public required uint Key { get; init; }

    /// <summary>Guest-physical address of the struct lguest_dma.</summary>
    public required uint Address { get; init; }

    /// <summary>Name of the device, such as console or block0; null if no device watches the key.</summary>
    public required string? Device { get; init; }

    /// <summary>The sections that carried data, in order, each with a copy of it.</summary>
    public required DmaSection[] Sections { get; init; }

    /// <summary>What was written to used_len; null if it was left alone.</summary>
    public required uint? UsedLength { get; init; }

    /// <summary>All bytes of all sections.</summary>
    public byte[] Data => JoinedBytes.Of(Sections, section => section.Data);

    /// <summary>The data as UTF-8 text.</summary>
    public string Text => Encoding.UTF8.GetString(Data);

    internal override bool WritesToConsole => Device == "console" && Direction == DmaDirection.Send;

    internal override string? ShownText => Device == "console" ? Text : null;

    public override string Summary =>
        $"{Device ?? $"key 0x{Key:x8}"} {(Direction == DmaDirection.Send ? "<-" : "->")} {Sections.Sum(section => section.Length)} bytes";
}
