namespace LguestPS;

/// <summary>A piece of guest memory that a struct lguest_dma names.</summary>
/// <param name="Address">Guest-physical address.</param>
/// <param name="Length">Length in bytes.</param>
public sealed record DmaBufferRange(uint Address, int Length)
{
    public override string ToString() => $"0x{Address:x8}+{Length}";
}

/// <summary>One buffer of a bound array: a struct lguest_dma (ABI §7).</summary>
/// <param name="Index">Its number in the array, from 0.</param>
/// <param name="Address">Guest-physical address of the struct.</param>
/// <param name="UsedLength">used_len: 0 while it is free, else how many bytes were put into it.</param>
/// <param name="Ranges">Where its data goes.</param>
/// <param name="Problem">Why the guest would end if the buffer were used, or null.</param>
public sealed record DmaBuffer(int Index, uint Address, uint UsedLength, DmaBufferRange[] Ranges, string? Problem)
{
    public bool IsFree => UsedLength == 0;
}

/// <summary>An array of buffers that a guest bound to a key with BIND_DMA.</summary>
public sealed record BoundDmaArray : GuestView
{
    /// <summary>The key: a guest-physical address, 0 for the console.</summary>
    public required uint Key { get; init; }

    /// <summary>Name of the device that fills buffers bound to this key; null if none does.</summary>
    public required string? Device { get; init; }

    /// <summary>Guest-physical address of the array.</summary>
    public required uint Address { get; init; }

    /// <summary>The virtual interrupt that tells the guest of a filled buffer.</summary>
    public required int Irq { get; init; }

    /// <summary>Its buffers; empty if the array is not inside guest memory.</summary>
    public required DmaBuffer[] Buffers { get; init; }

    /// <summary>How many of them are free.</summary>
    public int Free => Buffers.Count(buffer => buffer.IsFree);

    /// <summary>How many were filled and not yet taken back by the guest.</summary>
    public int Used => Buffers.Length - Free;

    /// <summary>Why the guest would end if the array were used, or null.</summary>
    public required string? Problem { get; init; }
}
