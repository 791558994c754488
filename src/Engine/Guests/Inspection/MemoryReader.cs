using LguestPS.Memory;

namespace LguestPS.Inspection;

/// <summary>A guest's memory by linear or guest-physical address, as far as it is there.</summary>
internal readonly struct MemoryReader(Guest guest, bool physical)
{
    private readonly AddressSpace space = new(guest.Machine.PageTables, guest.Machine.PageDirectory);

    public bool IsPhysical => physical;

    /// <summary>The guest-physical address of a byte; null if there is none.</summary>
    public uint? Locate(uint address) => !physical ? space.Translate(address) : guest.Memory.Contains(address, 1) ? address : null;

    /// <summary>Copies bytes.</summary>
    /// <exception cref="LguestException">AddressNotMapped, about the first byte that is not there.</exception>
    public byte[] Read(uint address, int length)
    {
        if ((ulong)address + (uint)length > 1UL << 32) throw NotMapped($"0x{address:x8} and {length} bytes reach beyond the last address");
        if (physical && !guest.Memory.Contains(address, (uint)length))
            throw NotMapped($"0x{Math.Max(address, guest.Memory.Size):x8} is outside guest memory, which ends at 0x{guest.Memory.Size - 1:x8}");
        List<(uint Physical, int Offset, int Length)> pieces = Pieces(address, length);
        byte[] bytes = new byte[length];
        foreach ((uint at, int offset, int count) in pieces)
            guest.Memory.Read(at, (uint)count).CopyTo(bytes.AsSpan(offset));
        return bytes;
    }

    /// <summary>As many bytes as there are, up to <paramref name="length"/>.</summary>
    public byte[] ReadAvailable(uint address, int length) => Read(address, Available(address, length));

    public uint? Read32(uint address) => Available(address, 4) == 4 ? BitConverter.ToUInt32(Read(address, 4)) : null;

    /// <summary>How many bytes are there from an address on, at most <paramref name="most"/>.</summary>
    public int Available(uint address, int most)
    {
        ulong end = Math.Min((ulong)address + (uint)most, 1UL << 32);
        ulong at = address;
        while (at < end && Locate((uint)at) is not null) at = (at | GuestMemory.PageSize - 1) + 1;
        return (int)(Math.Min(at, end) - address);
    }

    /// <summary>The pieces of guest-physical memory that a range consists of.</summary>
    /// <exception cref="LguestException">AddressNotMapped.</exception>
    public List<(uint Physical, int Offset, int Length)> Pieces(uint address, int length)
    {
        List<(uint Physical, int Offset, int Length)> pieces = [];
        for (int offset = 0; offset < length;)
        {
            uint linear = address + (uint)offset;
            uint found = Locate(linear) ?? throw NotMapped(physical ? $"0x{linear:x8} is outside guest memory" : space.Walk(linear).Problem!);
            int count = Math.Min(length - offset, GuestMemory.PageSize - (int)(linear & GuestMemory.PageSize - 1));
            if (pieces.Count > 0 && pieces[^1] is var last && last.Physical + (uint)last.Length == found) pieces[^1] = last with { Length = last.Length + count };
            else pieces.Add((found, offset, count));
            offset += count;
        }
        return pieces;
    }

    /// <summary>The name of an address.</summary>
    public string? Describe(uint address) => physical ? guest.Machine.Symbols?.DescribePhysical(address) : guest.Machine.Symbols?.Describe(address);

    private static LguestException NotMapped(string problem) => new(LguestError.AddressNotMapped, $"{problem}.");
}
