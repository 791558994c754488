using LguestPS.Abi;

namespace LguestPS.Dma;

/// <summary>BIND_DMA and SEND_DMA.</summary>
internal sealed class DmaOperations(Guest guest) : IDeviceOperations
{
    public uint BindDma(uint key, uint array, ushort count, byte irq)
    {
        if (!guest.Bindings.Bind(key, array, count, irq)) return 0;
        guest.Devices.BindingsChanged(guest);
        return 1;
    }

    public void SendDma(uint key, uint list)
    {
        DmaBindings.CheckKey(guest.Memory, key, "bad sending DMA key");
        if (guest.Devices.FindShared(key) is { } card) card.Send(guest, key, list);
        else guest.Machine.Pending.Transfer = new PendingDma(key, list, guest.Devices.FindByKey(key)?.Name);
    }
}
