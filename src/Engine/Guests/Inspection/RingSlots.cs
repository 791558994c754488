using LguestPS.Abi;

namespace LguestPS.Inspection;

/// <summary>Shows the 64 slots of the ring, and in which order the host would do what waits in them.</summary>
internal static class RingSlots
{
    /// <exception cref="LguestException">NotInitialised: the guest has not yet said where its ring is.</exception>
    public static IReadOnlyList<RingSlot> Of(Guest guest)
    {
        if (!guest.Data.IsInitialised)
            throw new LguestException(LguestError.NotInitialised, $"Guest '{guest.Name}' has no hypercall ring yet: it has not called LGUEST_INIT.");

        int?[] order = Order(guest);
        return Enumerable.Range(0, GuestDataLayout.RingSize).Select(slot => new RingSlot
        {
            Guest = guest.Name, Slot = slot, Status = guest.Data.RingStatus[slot], IsCursor = slot == guest.Ring.Cursor, Order = order[slot],
            Call = guest.Ring.Read(guest.Abi, slot, guest.PendingHypercall?.Eip ?? guest.Cpu.Registers.Eip, guest.Machine.Symbols),
        }).ToArray();
    }

    private static int?[] Order(Guest guest)
    {
        int?[] order = new int?[GuestDataLayout.RingSize];
        int slot = guest.Ring.Cursor;
        for (int next = 1; next <= guest.Ring.Left && guest.Ring.WillDo(slot); next++, slot = (slot + 1) % GuestDataLayout.RingSize) order[slot] = next;
        return order;
    }
}
