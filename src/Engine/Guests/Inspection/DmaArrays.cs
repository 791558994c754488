using LguestPS.Abi;
using LguestPS.Devices.Dma;
using LguestPS.Errors;

namespace LguestPS.Inspection;

/// <summary>Shows the arrays a guest has bound, and what each of their buffers is for.</summary>
internal static class DmaArrays
{
    public static IReadOnlyList<BoundDmaArray> Of(Guest guest) =>
        guest.Transport is DmaTransport dma ? dma.Bindings.All.Select(binding => Show(guest, dma, binding)).ToArray() : [];

    private static BoundDmaArray Show(Guest guest, DmaTransport dma, DmaBinding binding)
    {
        bool isInside = guest.Memory.Contains(binding.Array, binding.Count * DmaLayout.Size);
        return new BoundDmaArray
        {
            Guest = guest.Name, Key = binding.Key, Device = dma.NameOfReceiver(binding.Key), Address = binding.Array, Irq = binding.Irq,
            Buffers = isInside ? [.. Enumerable.Range(0, binding.Count).Select(i => Buffer(guest, dma.Layout, i, binding.Array + (uint)i * DmaLayout.Size))] : [],
            Problem = isInside ? null : $"the array of {binding.Count} reaches outside guest memory",
        };
    }

    private static DmaBuffer Buffer(Guest guest, DmaLayout layout, int index, uint address)
    {
        string? problem = null;
        DmaBufferRange[] ranges = [];
        try
        {
            ranges = [.. DmaList.Read(guest.Memory, layout, address).Ranges.Select(range => new DmaBufferRange(range.Address, (int)range.Length))];
        }
        catch (GuestKilledException wouldKill)
        {
            problem = wouldKill.Message;
        }
        return new DmaBuffer(index, address, guest.Memory.Read32(address + layout.UsedLength), ranges, problem);
    }
}
