using LguestPS.Abi;
using LguestPS.Errors;
using LguestPS.Memory;

namespace LguestPS.Devices.Dma;

/// <summary>One piece of guest memory named by a struct lguest_dma.</summary>
internal readonly record struct DmaRange(uint Address, uint Length);

/// <summary>A guest's struct lguest_dma: up to 16 ranges of its memory and the length used of them (ABI §7).</summary>
internal readonly struct DmaList : IGuestBuffer
{
    private readonly GuestMemory memory;
    private readonly DmaLayout layout;

    private DmaList(GuestMemory memory, DmaLayout layout, uint address, DmaRange[] ranges)
    {
        this.memory = memory;
        this.layout = layout;
        Address = address;
        Ranges = ranges;
    }

    /// <summary>Guest-physical address of the struct.</summary>
    public uint Address { get; }

    public DmaRange[] Ranges { get; }

    /// <summary>Bytes of all ranges together; at most 16 × 65,535.</summary>
    public uint Length
    {
        get
        {
            uint length = 0;
            foreach (DmaRange range in Ranges) length += range.Length;
            return length;
        }
    }

    /// <summary>Reads the struct for a transfer with the launcher, which asks only that each range be inside guest memory.</summary>
    /// <exception cref="GuestKilledException">The struct or one of its ranges is not; the reason tells if the other era's layout would fit.</exception>
    public static DmaList Read(GuestMemory memory, DmaLayout layout, uint address) =>
        Read(memory, layout, address, betweenGuests: false, "");

    /// <summary>Reads the struct for a transfer between guests: each range must lie within one page, too.</summary>
    /// <exception cref="GuestKilledException">As for <see cref="Read(GuestMemory, DmaLayout, uint)"/>; the reason starts with <paramref name="why"/>.</exception>
    public static DmaList ReadBetweenGuests(GuestMemory memory, DmaLayout layout, uint address, string why = "") =>
        Read(memory, layout, address, betweenGuests: true, why);

    public uint UsedLength
    {
        get => memory.Read32(Address + layout.UsedLength);
        set => memory.Write32(Address + layout.UsedLength, value);
    }

    /// <summary>All of it: whether a list is for the device to read or to write is not in it.</summary>
    public uint ReadableLength => Length;

    /// <inheritdoc cref="ReadableLength"/>
    public uint WritableLength => Length;

    /// <summary>Copies the data of all ranges, in order.</summary>
    public byte[] ReadAll()
    {
        byte[] bytes = new byte[Length];
        int at = 0;
        foreach (DmaRange range in Ranges)
        {
            memory.Read(range.Address, range.Length).CopyTo(bytes.AsSpan(at));
            at += (int)range.Length;
        }
        return bytes;
    }

    /// <summary>Copies the first <paramref name="length"/> bytes.</summary>
    public byte[] ReadWritten(uint length) => [.. Sections(length).SelectMany(section => section.Data)];

    /// <summary>Spreads <paramref name="bytes"/> over the ranges, in order.</summary>
    /// <returns>How many bytes found room.</returns>
    public int WriteAll(ReadOnlySpan<byte> bytes)
    {
        int done = 0;
        foreach (DmaRange range in Ranges)
        {
            int part = Math.Min((int)range.Length, bytes.Length - done);
            memory.Write(range.Address, bytes.Slice(done, part));
            done += part;
        }
        return done;
    }

    /// <summary>The first <paramref name="length"/> bytes as event sections, with copies of the data.</summary>
    public DmaSection[] Sections(uint length)
    {
        List<DmaSection> sections = new(Ranges.Length);
        foreach (DmaRange range in Ranges)
        {
            uint part = Math.Min(range.Length, length);
            if (part == 0) break;
            sections.Add(new DmaSection(range.Address, (int)part, memory.Read(range.Address, part).ToArray()));
            length -= part;
        }
        return [.. sections];
    }

    private static DmaRange[] ReadRanges(GuestMemory memory, DmaLayout layout, uint address)
    {
        int count = 0;
        while (count < DmaLayout.Sections && memory.Read16(address + layout.Lengths + (uint)count * 2) != 0) count++;
        var ranges = new DmaRange[count];
        for (int i = 0; i < count; i++)
            ranges[i] = new DmaRange(memory.Read32(address + layout.Addresses + (uint)i * 4), memory.Read16(address + layout.Lengths + (uint)i * 2));
        return ranges;
    }

    private static DmaList Read(GuestMemory memory, DmaLayout layout, uint address, bool betweenGuests, string why)
    {
        memory.Read(address, DmaLayout.Size);
        DmaRange[] ranges = ReadRanges(memory, layout, address);
        if (FirstBad(memory, ranges, betweenGuests) is { } bad)
        {
            DmaRange[] otherwise = ReadRanges(memory, layout.Other, address);
            string hint = otherwise.Length > 0 && FirstBad(memory, otherwise, betweenGuests) is null
                ? $"; it would be good as abi '{layout.Other.Profile}': is the guest of that era?"
                : "";
            throw new GuestKilledException($"{why}bad DMA entry: {bad.Length}@0x{bad.Address:x8}{hint}");
        }
        return new DmaList(memory, layout, address, ranges);
    }

    private static DmaRange? FirstBad(GuestMemory memory, DmaRange[] ranges, bool betweenGuests)
    {
        foreach (DmaRange range in ranges)
            if (!memory.Contains(range.Address, range.Length) || (betweenGuests && !IsInOnePage(range))) return range;
        return null;
    }

    private static bool IsInOnePage(DmaRange range) =>
        range.Length <= GuestMemory.PageSize - range.Address % GuestMemory.PageSize;
}
