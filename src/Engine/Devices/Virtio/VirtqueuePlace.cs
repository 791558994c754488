using LguestPS.Errors;
using LguestPS.Memory;

namespace LguestPS.Devices.Virtio;

/// <summary>Where a virtqueue lies in guest memory (virtio 1.0, 2.4).</summary>
/// <param name="Size">Its descriptors: a power of two up to 32,768.</param>
/// <param name="Descriptors">Guest-physical address of the descriptor table.</param>
/// <param name="Available">That of the available ring.</param>
/// <param name="Used">That of the used ring.</param>
internal readonly record struct VirtqueuePlace(ushort Size, uint Descriptors, uint Available, uint Used)
{
    public const int DescriptorSize = 16;
    public const int UsedElementSize = 8;

    private const int MostDescriptors = 32768;
    private const uint DescriptorAlignment = 16;
    private const uint AvailableAlignment = 2;
    private const uint UsedAlignment = 4;

    // Each ring has flags and an index of 16 bits, its elements, and an index for the other side's events.
    private const uint RingHeader = 4;
    private const uint RingEnd = 2;

    public uint DescriptorBytes => (uint)Size * DescriptorSize;

    public uint AvailableBytes => RingHeader + (uint)Size * sizeof(ushort) + RingEnd;

    public uint UsedBytes => RingHeader + (uint)Size * UsedElementSize + RingEnd;

    /// <summary>In whole pages from a page on: table and available ring together, then, on a page of its own, the used ring.</summary>
    public static VirtqueuePlace InPages(ushort size, uint first)
    {
        VirtqueuePlace place = new(size, first, first + (uint)size * DescriptorSize, 0);
        uint end = place.Available + place.AvailableBytes;
        return place with { Used = (end + GuestMemory.PageSize - 1) / GuestMemory.PageSize * GuestMemory.PageSize };
    }

    /// <summary>Pages that <see cref="InPages"/> takes up.</summary>
    public static int PagesOf(ushort size)
    {
        VirtqueuePlace place = InPages(size, 0);
        return (int)((place.Used + place.UsedBytes + GuestMemory.PageSize - 1) / GuestMemory.PageSize);
    }

    /// <exception cref="GuestKilledException">There can be no virtqueue in this place.</exception>
    public void Check(GuestMemory memory, string who)
    {
        if (Size is 0 or > MostDescriptors || (Size & (Size - 1)) != 0) throw new GuestKilledException($"{who}: {Size} descriptors are no power of two");
        Check(memory, who, "the descriptor table", Descriptors, DescriptorBytes, DescriptorAlignment);
        Check(memory, who, "the available ring", Available, AvailableBytes, AvailableAlignment);
        Check(memory, who, "the used ring", Used, UsedBytes, UsedAlignment);
    }

    private static void Check(GuestMemory memory, string who, string what, uint address, uint length, uint alignment)
    {
        if (address % alignment != 0) throw new GuestKilledException($"{who}: {what} at 0x{address:x8} is not aligned to {alignment} bytes");
        if (!memory.Contains(address, length)) throw new GuestKilledException($"{who}: {what} at 0x{address:x8} is not inside memory");
    }
}
