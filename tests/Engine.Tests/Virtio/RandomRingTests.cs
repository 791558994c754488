using LguestPS.Devices.Virtio;
using LguestPS.Errors;
using LguestPS.Memory;
using Xunit;

namespace LguestPS.Tests.Virtio;

/// <summary>Random rings, held against a parser that is as short as can be.</summary>
public class RandomRingTests
{
    private const uint Ram = 1 << 16;
    private const ushort Size = 8;

    private static readonly VirtqueuePlace Place = new(Size, 0x1000, 0x2000, 0x3000);

    [Theory]
    [InlineData(1, 20_000)]
    [InlineData(2, 20_000)]
    [InlineData(3, 20_000)]
    [InlineData(4, 20_000)]
    public void A_chain_is_what_the_reference_parser_makes_of_it(int seed, int rings)
    {
        Random random = new(seed);
        using GuestMemory memory = new(Ram, 0);
        Virtqueue queue = new(memory, Place, "rng");
        int good = 0;
        for (int i = 0; i < rings; i++)
        {
            Fill(random, memory);
            List<string>? expected = Reference(memory, queue.Taken);
            List<string>? actual = Ours(queue);
            Assert.Equal(expected, actual);
            if (actual is null or []) continue;
            good++;
            queue.Take();
            queue.Return(0, 0);
        }
        Assert.InRange(good, rings / 20, rings);      // else most of it was not tried
    }

    /// <summary>The pieces of the next chain; none if there is none; null if it is bad.</summary>
    private static List<string>? Ours(Virtqueue queue)
    {
        try
        {
            if (queue.Peek() is not { } chain) return [];
            return
            [
                .. chain.Readable.ToArray().Select(piece => $"{piece.Address:x}+{piece.Length:x} r"),
                .. chain.Writable.ToArray().Select(piece => $"{piece.Address:x}+{piece.Length:x} w"),
            ];
        }
        catch (GuestKilledException)
        {
            return null;
        }
    }

    /// <summary>Likewise, by the words of the standard, one after the other.</summary>
    private static List<string>? Reference(GuestMemory memory, int last)
    {
        int waiting = (memory.Read16(Place.Available + 2) - last) & 0xFFFF;
        if (waiting == 0) return [];
        if (waiting > Size) return null;
        int index = memory.Read16(Place.Available + 4 + (uint)(last % Size) * 2);
        uint table = Place.Descriptors;
        int length = Size;
        List<string> pieces = [];
        bool inTable = false, goesOn = true;
        while (goesOn)
        {
            if (index >= length) return null;
            ulong address = memory.Read64(table + (uint)index * 16);
            uint bytes = memory.Read32(table + (uint)index * 16 + 8);
            int flags = memory.Read16(table + (uint)index * 16 + 12) & 7;
            if (address + bytes > Ram || address > Ram) return null;
            if (flags >= 4)
            {
                if (inTable || (flags & 1) != 0 || bytes == 0 || bytes % 16 != 0 || bytes > Size * 16) return null;
                (inTable, table, length, index) = (true, (uint)address, (int)bytes / 16, 0);
                continue;
            }
            bool writable = (flags & 2) != 0;
            if (!writable && pieces.Any(piece => piece.EndsWith('w'))) return null;
            if (pieces.Count == Size) return null;
            pieces.Add($"{address:x}+{bytes:x} {(writable ? 'w' : 'r')}");
            goesOn = (flags & 1) != 0;
            index = memory.Read16(table + (uint)index * 16 + 14);
        }
        return pieces;
    }

    /// <summary>A ring that is mostly right, with a table at 0x4000 to be led to.</summary>
    private static void Fill(Random random, GuestMemory memory)
    {
        for (uint i = 0; i < Size; i++)
        {
            Descriptor(random, memory, Place.Descriptors + i * 16, mayBeIndirect: true);
            Descriptor(random, memory, 0x4000 + i * 16, mayBeIndirect: random.Next(20) == 0);
            memory.Write16(Place.Available + 4 + i * 2, (ushort)Near(random, Size));
        }
        int ahead = random.Next(10) == 0 ? random.Next(0x10000) : random.Next(Size + 1);
        memory.Write16(Place.Available + 2, (ushort)(memory.Read16(Place.Used + 2) + ahead));
    }

    private static void Descriptor(Random random, GuestMemory memory, uint at, bool mayBeIndirect)
    {
        bool isIndirect = mayBeIndirect && random.Next(6) == 0;
        uint address = isIndirect ? 0x4000 : (uint)random.Next((int)Ram);
        uint length = isIndirect ? (uint)Near(random, Size) * 16 : (uint)random.Next((int)(Ram - address) + 1);
        if (random.Next(30) == 0) length = (uint)random.NextInt64(1L << 32);
        if (random.Next(40) == 0) address = (uint)random.NextInt64(1L << 32);
        int flags = isIndirect ? 4 : random.Next(8) == 0 ? random.Next(8) : (random.Next(2) * 1) | (random.Next(3) == 0 ? 2 : 0);
        memory.Write32(at, address);
        memory.Write32(at + 4, random.Next(50) == 0 ? (uint)random.Next(3) : 0);
        memory.Write32(at + 8, length);
        memory.Write16(at + 12, (ushort)(flags | (random.Next(10) == 0 ? random.Next(0x10000) & 0xFFF8 : 0)));
        memory.Write16(at + 14, (ushort)Near(random, Size));
    }

    private static int Near(Random random, int size) => random.Next(15) == 0 ? random.Next(0x10000) : random.Next(size);
}
