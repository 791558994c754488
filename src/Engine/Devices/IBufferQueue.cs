namespace LguestPS.Devices;

/// <summary>Buffers that a guest has given to a device, in the order in which the device uses them.</summary>
internal interface IBufferQueue
{
    /// <summary>The next free buffer, or null. It stays the next until it is completed.</summary>
    /// <exception cref="Errors.GuestKilledException">It is bad.</exception>
    IGuestBuffer? Next();

    /// <summary>Gives the guest the next buffer back, and tells it so.</summary>
    /// <param name="buffer">What <see cref="Next"/> gave.</param>
    /// <param name="written">Bytes that are new in it.</param>
    void Complete(IGuestBuffer buffer, uint written);
}

/// <summary>One buffer: bytes for the device to read, then bytes for it to write; either may be none.</summary>
internal interface IGuestBuffer
{
    uint ReadableLength { get; }

    uint WritableLength { get; }

    /// <summary>Copies all that is there to read.</summary>
    byte[] ReadAll();

    /// <summary>Copies what is in the part to be written, from its first byte on.</summary>
    /// <param name="length">At most <see cref="WritableLength"/>.</param>
    byte[] ReadWritten(uint length);

    /// <summary>Spreads bytes over the part to be written, from its first byte on.</summary>
    /// <returns>How many found room.</returns>
    int WriteAll(ReadOnlySpan<byte> bytes);
}
