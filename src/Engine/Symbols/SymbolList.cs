namespace LguestPS.Symbols;

/// <summary>How good a name is, if an address has several; lower is better.</summary>
internal enum SymbolStrength
{
    Strong = 0,
    Weak = 1,
    Absolute = 2,
}

/// <summary>Symbols as a reader finds them.</summary>
internal sealed class SymbolList(byte[] text)
{
    private const int MostSymbols = 1 << 24;
    private const int MostUnderscores = 15;

    private readonly List<ulong> keys = [];
    private readonly List<int> names = [];
    private readonly List<uint> sizes = [];

    public int Count => keys.Count;

    /// <summary>The name that starts at a place in the text.</summary>
    public static ReadOnlySpan<byte> NameAt(byte[] text, int start)
    {
        ReadOnlySpan<byte> rest = text.AsSpan(start);
        for (int i = 0; i < rest.Length; i++)
            if (rest[i] <= (byte)' ') return rest[..i];
        return rest;
    }

    /// <param name="address">Its linear address.</param>
    /// <param name="name">Where its name starts in the text.</param>
    /// <param name="strength">How good the name is.</param>
    /// <param name="size">Bytes it occupies; 0 if that is not known.</param>
    /// <returns>False if there are too many.</returns>
    public bool TryAdd(uint address, int name, SymbolStrength strength, uint size = 0)
    {
        if (keys.Count == MostSymbols) return false;
        // As kallsyms chooses: the name with the fewest underscores in front, the first if there are several.
        int underscores = NameAt(text, name).IndexOfAnyExcept((byte)'_');
        int rank = (int)strength << 4 | Math.Clamp(underscores, 0, MostUnderscores);
        keys.Add((ulong)address << 32 | (ulong)rank << 24 | (uint)keys.Count);
        names.Add(name);
        sizes.Add(size);
        return true;
    }

    /// <summary>Addresses in rising order, where their names are, and their sizes; of equal addresses the one with the best name first.</summary>
    public (uint[] Addresses, int[] Names, uint[] Sizes) Sorted()
    {
        ulong[] order = [.. keys];
        Array.Sort(order);
        uint[] addresses = new uint[order.Length];
        int[] sortedNames = new int[order.Length];
        uint[] sortedSizes = new uint[order.Length];
        for (int i = 0; i < order.Length; i++)
        {
            addresses[i] = (uint)(order[i] >> 32);
            int symbol = (int)order[i] & (MostSymbols - 1);
            sortedNames[i] = names[symbol];
            sortedSizes[i] = sizes[symbol];
        }
        return (addresses, sortedNames, sortedSizes);
    }
}
