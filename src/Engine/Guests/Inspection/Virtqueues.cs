using LguestPS.Devices.Virtio;
using LguestPS.Errors;
using LguestPS.Memory;

namespace LguestPS.Inspection;

/// <summary>Shows the virtqueues of a guest's devices, and what waits in them.</summary>
internal static class Virtqueues
{
    public static IReadOnlyList<GuestVirtqueue> Of(Guest guest) =>
        guest.Transport is VirtioTransport bus
            ? [.. from slot in bus.Slots from queue in slot.Device.Queues where queue.IsLive select Show(guest, slot.Device.Function.Name, queue)]
            : [];

    private static GuestVirtqueue Show(Guest guest, string device, DeviceQueue queue)
    {
        Virtqueue ring = queue.Ring;
        return new GuestVirtqueue
        {
            Guest = guest.Name, Device = device, Queue = queue.Index, Size = ring.Size, Irq = queue.Irq,
            DescriptorTable = ring.Place.Descriptors, AvailableRing = ring.Place.Available, UsedRing = ring.Place.Used,
            AvailableIndex = ring.Available, TakenIndex = ring.Taken, UsedIndex = ring.Returned,
            WantsInterrupt = !ring.IsInterruptUnwanted,
            Waiting = Waiting(ring),
        };
    }

    private static WaitingBuffer[] Waiting(Virtqueue ring)
    {
        int count = (ushort)(ring.Available - ring.Taken);
        if (count > ring.Size) return [new WaitingBuffer(0, Head: null, [], $"the available index went from {ring.Taken} to {ring.Available}, and there are {ring.Size} descriptors")];
        return [.. Enumerable.Range(0, count).Select(order => Show(ring, order))];
    }

    private static WaitingBuffer Show(Virtqueue ring, int order)
    {
        ushort head = ring.HeadAt((ushort)(ring.Taken + order));
        try
        {
            DescriptorChain chain = ring.Look(head);
            return new WaitingBuffer(order, head, [.. Descriptors(chain.Readable, isWritable: false), .. Descriptors(chain.Writable, isWritable: true)], Problem: null);
        }
        catch (GuestKilledException wouldKill)
        {
            return new WaitingBuffer(order, head, [], wouldKill.Message);
        }
    }

    private static WaitingDescriptor[] Descriptors(ReadOnlySpan<GuestRange> pieces, bool isWritable)
    {
        WaitingDescriptor[] shown = new WaitingDescriptor[pieces.Length];
        for (int i = 0; i < shown.Length; i++) shown[i] = new WaitingDescriptor(pieces[i].Address, pieces[i].Length, isWritable);
        return shown;
    }
}
