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
            for (uint filled = 0; filled < chain.WritableLength;)
                filled += (uint)chain.Write(filled, entropy.Take(Host, (int)Math.Min(EntropyFunction.MostBytes, chain.WritableLength - filled)));
            queue.Return(chain, chain.WritableLength);
        }
    }
}
