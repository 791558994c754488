using LguestPS.Memory;
using LguestPS.Paging;

namespace LguestPS.Inspection;

/// <summary>Looks for a pattern through a range of addresses, a piece at a time. A hit may lie across pages, but not across a gap.</summary>
internal sealed class MemorySearch(Guest guest, BytePattern pattern, uint first, uint last, bool physical)
{
    private const int PieceSize = 1 << 16;
    private const int MostShown = 32;

    private ulong next = first;

    public bool IsOver => next > last;

    /// <summary>Searches the next piece.</summary>
    public List<MemoryHit> Piece()
    {
        List<MemoryHit> hits = [];
        MemoryReader memory = new(guest, physical);
        uint start = (uint)next;
        // What begins in this piece may end after it.
        ulong behindLast = (ulong)last + 1;
        int wanted = (int)Math.Min(PieceSize + (ulong)pattern.Length - 1, behindLast - start);
        byte[] bytes = memory.ReadAvailable(start, wanted);
        if (bytes.Length == 0)
        {
            next = BehindGap(start);
            return hits;
        }
        for (int at = pattern.IndexIn(bytes, 0); at >= 0 && at < PieceSize; at = pattern.IndexIn(bytes, at + 1))
        {
            uint address = start + (uint)at;
            hits.Add(new MemoryHit
            {
                Guest = guest.Name, Address = address, Physical = physical, Symbol = memory.Describe(address),
                PhysicalAddress = memory.Locate(address)!.Value, Bytes = memory.ReadAvailable(address, MostShown),
            });
        }
        next += (ulong)Math.Min(bytes.Length, PieceSize);
        return hits;
    }

    private ulong BehindGap(uint address)
    {
        if (physical || address >= guest.Machine.PageTables.Format.End) return 1UL << 32;
        return (ulong)address + new AddressSpace(guest.Machine.PageTables, guest.Machine.PageDirectory).Follow(address, out _);
    }
}
