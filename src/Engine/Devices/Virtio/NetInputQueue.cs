using LguestPS.Errors;
using LguestPS.Networks;

namespace LguestPS.Devices.Virtio;

/// <summary>A network card's buffers for frames that come in, without the header before each frame.</summary>
/// <param name="queue">The virtqueue.</param>
/// <param name="headerLength">Bytes of the header.</param>
/// <param name="wantsChecked">Whether the guest wants to know of frames whose checksums need not be looked at again.</param>
internal sealed class NetInputQueue(DeviceQueue queue, int headerLength, Func<bool> wantsChecked) : IBufferQueue, IGuestBuffer
{
    // Last in the header of virtio 1.0: how many buffers the frame is in.
    private const int BufferCountAt = 10;

    private readonly byte[] header = HeaderOf(headerLength);
    private DescriptorChain? chain;

    public uint ReadableLength => 0;

    public uint WritableLength => chain!.WritableLength - (uint)headerLength;

    /// <exception cref="GuestKilledException">It breaks a rule, or has no room for the header.</exception>
    public IGuestBuffer? Next()
    {
        chain = queue.Peek();
        if (chain is null) return null;
        if (chain.WritableLength < headerLength) throw new GuestKilledException($"{queue.Name}: a buffer for frames has {chain.WritableLength} bytes, and {headerLength} are the header alone");
        return this;
    }

    public void Complete(IGuestBuffer buffer, uint written)
    {
        chain!.Write(0, header);
        queue.Complete(chain, (uint)headerLength + written);
    }

    public byte[] ReadAll() => [];

    private static byte[] HeaderOf(int length)
    {
        byte[] header = new byte[length];
        if (length > BufferCountAt) header[BufferCountAt] = 1;
        return header;
    }

    public byte[] ReadWritten(uint length) => chain!.ReadWritten((uint)headerLength + length)[headerLength..];

    public int WriteAll(ReadOnlySpan<byte> bytes)
    {
        header[0] = wantsChecked() && TransportChecksum.IsRight(bytes) ? NetHeader.DataValid : (byte)0;
        return chain!.Write((uint)headerLength, bytes);
    }
}
