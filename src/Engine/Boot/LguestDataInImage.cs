using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using LguestPS.Abi;

namespace LguestPS.Boot;

/// <summary>Finds the struct lguest_data that a kernel was built with in its image, and with it the eras whose fields it has filled in.</summary>
internal static class LguestDataInImage
{
    private const byte FreeSlot = 0xFF;

    // An entry of the ring has at least eax and three arguments.
    private const int EmptyEntries = GuestDataLayout.RingSize * 16;

    /// <summary>The clock's interrupt, which every kernel starts with blocked.</summary>
    private const uint ClockBlocked = 1;

    private static readonly byte[] freeSlots = MakeFreeSlots();

    /// <summary>The eras that it fits, oldest first; none if there is no such struct.</summary>
    /// <param name="segments">The kernel, unpacked.</param>
    /// <param name="pageOffset">The page offset that it names; null if it names none.</param>
    public static IReadOnlyList<AbiProfile> FindEras(IReadOnlyList<KernelSegment> segments, out uint? pageOffset)
    {
        foreach (KernelSegment segment in segments)
        {
            ReadOnlyMemory<byte> image = segment.Bytes;
            for (int at = 0; FindRing(image.Span, ref at);)
            {
                int ring = at;
                AbiProfile[] fitting = [.. AbiProfile.All.Where(profile => Fits(image, ring, profile.Signs))];
                if (fitting.Length > 0)
                {
                    pageOffset = fitting[0].Signs.FindPageOffset(Reader(image, ring, fitting[0].Signs));
                    return fitting;
                }
                at += freeSlots.Length;
            }
        }
        pageOffset = null;
        return [];
    }

    /// <summary>Finds 64 bytes that say their slots are free, no more and no fewer, and the empty slots after them.</summary>
    private static bool FindRing(ReadOnlySpan<byte> image, ref int at)
    {
        while (image[at..].IndexOf(freeSlots) is var found and >= 0)
        {
            at += found;
            int length = image[at..].IndexOfAnyExcept(FreeSlot);
            if (length < 0) return false;
            bool isRing = length == freeSlots.Length && (at == 0 || image[at - 1] != FreeSlot);
            ReadOnlySpan<byte> after = image[(at + length)..];
            if (isRing && after.Length >= EmptyEntries && after[..EmptyEntries].IndexOfAnyExcept((byte)0) < 0) return true;
            at += length;
        }
        return false;
    }

    private static byte[] MakeFreeSlots()
    {
        byte[] slots = new byte[GuestDataLayout.RingSize];
        Unsafe.InitBlock(ref slots[0], FreeSlot, (uint)slots.Length);
        return slots;
    }

    private static bool Fits(ReadOnlyMemory<byte> image, int ring, EraSigns signs)
    {
        Func<uint, uint?> read = Reader(image, ring, signs);
        return read(GuestDataLayout.BlockedInterrupts) == ClockBlocked && signs.Fit(read, address => address >= EraSigns.LowestPageOffset);
    }

    private static Func<uint, uint?> Reader(ReadOnlyMemory<byte> image, int ring, EraSigns signs) => offset =>
    {
        int at = ring - (int)signs.HcallStatus + (int)offset;
        return at >= 0 && at + sizeof(uint) <= image.Length ? BinaryPrimitives.ReadUInt32LittleEndian(image.Span[at..]) : null;
    };
}
