using LguestPS.Memory;
using LguestPS.Paging;

namespace LguestPS.Histories;

/// <summary>Bytes of memory at some place of a run: one linear address may lead to different ones in different address spaces, and several to the same.</summary>
internal sealed class MemoryPlace
{
    private readonly uint? physical;

    private MemoryPlace(ValuePlace place, uint? physical, IReadOnlyList<ValuePlace> aliases, ulong? value)
    {
        this.physical = physical;
        (Place, Aliases, Value) = (place, aliases, value);
    }

    public ValuePlace Place { get; }

    /// <summary>The places by whose addresses the bytes are reached, <see cref="Place"/> first, and alone if others are not known.</summary>
    public IReadOnlyList<ValuePlace> Aliases { get; }

    /// <summary>What is there; null for more than 8 bytes, or where nothing is mapped.</summary>
    public ulong? Value { get; }

    /// <summary>The bytes to which an address leads where a guest stands.</summary>
    public static MemoryPlace Of(ValuePlace place, Guest guest, CancellationToken stop)
    {
        uint? physical = guest.Machine.PageTables.Find(guest.Machine.PageDirectory, place.Address);
        bool isInOnePage = PageOf(place.Address) == PageOf(place.Address + place.Length - 1);
        List<ValuePlace> aliases = physical is not { } first || !isInOnePage ? [place]
            : [.. from range in guest.Inspector.MappedPages(stop: stop)
                  where range.PhysicalAddress is { } start && first - start < range.Size
                  let alias = place with { Address = range.First + (first - range.PhysicalAddress!.Value) }
                  orderby alias != place
                  select alias];
        return new MemoryPlace(place, isInOnePage ? physical : null, aliases.Count > 0 ? aliases : [place], ValueTrace.ValueAt(place, guest));
    }

    /// <summary>What the same bytes of a guest's memory hold at another place of its run.</summary>
    public ulong? ValueIn(Guest guest)
    {
        if (physical is not { } first || Place.Length > sizeof(ulong)) return ValueTrace.ValueAt(Place, guest);
        byte[] bytes = new byte[sizeof(ulong)];
        guest.Memory.Read(first, Place.Length).CopyTo(bytes);
        return BitConverter.ToUInt64(bytes);
    }

    /// <summary>Whether a write by the address of an alias went to these bytes, as far as can be told.</summary>
    public bool IsReachedBy(GuestMemoryAccess write, ValuePlace alias)
    {
        uint common = Math.Max(write.Address, alias.Address);
        if (physical is not { } mine || write.Physical is not { } other || PageOf(common) != PageOf(write.Address)) return true;
        return other + (common - write.Address) == mine + (common - alias.Address);
    }

    /// <summary>Whether a part of the bytes has a value, as far as can be told.</summary>
    /// <param name="value">The value.</param>
    /// <param name="part">A part of <see cref="Place"/>.</param>
    public bool Holds(ulong? value, ValuePlace part)
    {
        if (Value is not { } all || value is not { } expected) return true;
        ulong held = all >> (int)(8 * (part.Address - Place.Address));
        if (part.Length < sizeof(ulong)) held &= (1UL << (int)(8 * part.Length)) - 1;
        return held == expected;
    }

    private static uint PageOf(uint address) => address >> GuestMemory.PageShift;
}
