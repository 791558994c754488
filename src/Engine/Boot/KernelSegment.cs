namespace LguestPS.Boot;

/// <summary>A piece of a kernel and where it goes in guest-physical memory.</summary>
/// <param name="Physical">Guest-physical address.</param>
/// <param name="Bytes">What is copied there.</param>
/// <param name="Size">Bytes it occupies; those beyond <paramref name="Bytes"/> are zero.</param>
internal sealed record KernelSegment(uint Physical, ReadOnlyMemory<byte> Bytes, uint Size)
{
    /// <summary>The first guest-physical address after it.</summary>
    public uint End => Physical + Size;

    /// <summary>The first guest-physical address after all of them; 0 if there are none.</summary>
    public static uint EndOf(IReadOnlyList<KernelSegment> segments)
    {
        // Loops and sorting by comparison: of LINQ over numbers, the runtime would compile code at each start.
        uint end = 0;
        foreach (KernelSegment segment in segments) end = Math.Max(end, segment.End);
        return end;
    }

    /// <summary>The same segments, lowest address first.</summary>
    public static IReadOnlyList<KernelSegment> ByAddress(IReadOnlyList<KernelSegment> segments)
    {
        KernelSegment[] sorted = [.. segments];
        Array.Sort(sorted, (left, right) => left.Physical.CompareTo(right.Physical));
        return sorted;
    }
}
