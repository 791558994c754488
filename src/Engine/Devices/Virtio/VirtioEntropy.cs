using LguestPS.Memory;

namespace LguestPS.Devices.Virtio;

/// <summary>A source of random numbers (virtio 1.0, 5.4): it fills each buffer completely.</summary>
internal sealed class VirtioEntropy(EntropyFunction entropy) : VirtioDevice(entropy)
{
    public override byte Type => 4;

    public override int QueueCount => 1;

    public override bool IsServed(int queue) => true;

    public override void Serve(DeviceQueue queue)
    {
        while (queue.Take() is { } chain)
        {
            foreach (GuestRange piece in chain.Writable) Fill(Host.Memory.Write(piece.Address, piece.Length));
            queue.Return(chain, chain.WritableLength);
        }
    }

    private void Fill(Span<byte> bytes)
    {
        for (; bytes.Length > EntropyFunction.MostBytes; bytes = bytes[EntropyFunction.MostBytes..]) entropy.Fill(Host, bytes[..EntropyFunction.MostBytes]);
        if (!bytes.IsEmpty) entropy.Fill(Host, bytes);
    }
}
