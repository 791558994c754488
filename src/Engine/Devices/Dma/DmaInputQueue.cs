namespace LguestPS.Devices.Dma;

/// <summary>The free buffers among those that a guest has bound for what a device has for it.</summary>
internal sealed class DmaInputQueue(DmaTransport transport, DmaDevice device) : IBufferQueue
{
    public IGuestBuffer? Next() =>
        transport.Bindings.Find(device.InputKey) is { } binding && transport.Bindings.FindFree(binding, transport.Layout) is { } buffer ? buffer : null;

    public void Complete(IGuestBuffer buffer, uint written)
    {
        DmaList list = (DmaList)buffer;
        list.UsedLength = written;
        transport.Host.Raise(transport.Bindings.Find(device.InputKey)!.Irq);
        transport.Received(device.InputKey, device.Function.Name, list, written);
    }
}
