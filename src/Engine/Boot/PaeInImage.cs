using System.Buffers.Binary;
using LguestPS.Memory;
using LguestPS.Paging;

namespace LguestPS.Boot;

/// <summary>Tells by its image whether a kernel of 2.6.31 to 3.0, which finds page tables when it starts, is built for PAE.</summary>
/// <remarks>
/// Only such a kernel brings a page directory along as data (Linux, arch/x86/kernel/head_32.S): a page with up to four entries of 64 bits,
/// the first and the last present, that have no flag but that and lead into the kernel's own memory, and with nothing else.
/// From 3.1 on a kernel shows its format when it names its first page directory.
/// </remarks>
internal static class PaeInImage
{
    private static readonly int Entries = (int)PageTableFormat.Pae.Levels[0].Entries;

    /// <param name="segments">The kernel, unpacked.</param>
    public static bool IsFound(IReadOnlyList<KernelSegment> segments)
    {
        if (segments.Count == 0) return false;
        uint first = segments.Min(segment => segment.Physical), end = KernelSegment.EndOf(segments);
        return segments.Any(segment => HasDirectory(segment, first, end));
    }

    private static bool HasDirectory(KernelSegment segment, uint first, uint end)
    {
        ReadOnlySpan<byte> bytes = segment.Bytes.Span;
        int toPage = (int)(unchecked(0 - segment.Physical) % GuestMemory.PageSize);
        for (int at = toPage; at + GuestMemory.PageSize <= bytes.Length; at += GuestMemory.PageSize)
            if (IsDirectory(bytes.Slice(at, GuestMemory.PageSize), first, end)) return true;
        return false;
    }

    private static bool IsDirectory(ReadOnlySpan<byte> page, uint first, uint end)
    {
        // Nearly every page fails at its first byte.
        if (page[0] != PageFlags.Present) return false;
        for (int i = 0; i < Entries; i++)
        {
            ulong entry = BinaryPrimitives.ReadUInt64LittleEndian(page[(i * sizeof(ulong))..]);
            bool isBetween = i != 0 && i != Entries - 1;
            if (entry == 0 && isBetween) continue;
            if ((entry & ~(ulong)PageFlags.Frame) != PageFlags.Present || entry < first || entry >= end) return false;
        }
        return page[(Entries * sizeof(ulong))..].IndexOfAnyExcept((byte)0) < 0;
    }
}
