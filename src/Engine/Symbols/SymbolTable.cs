using System.Text;
using LguestPS.Symbols;

namespace LguestPS;

/// <summary>An address as a person reads it: a symbol, and how far after it.</summary>
/// <param name="Name">The symbol at or before the address.</param>
/// <param name="Address">Linear address of the symbol.</param>
/// <param name="Offset">Bytes from the symbol to the address.</param>
public readonly record struct SymbolLocation(string Name, uint Address, uint Offset)
{
    /// <summary>As Linux writes it: <c>schedule+0x1a</c>; only the name if there is no offset.</summary>
    public override string ToString() => Offset == 0 ? Name : $"{Name}+0x{Offset:x}";
}

/// <summary>The names of a kernel's code and data.</summary>
/// <remarks>Immutable, so usable from any thread. Ten thousand symbols take 120 KB beside the text of their names.</remarks>
public sealed partial class SymbolTable
{
    /// <summary>Farther after a symbol of unknown size than this, an address is no part of what it names.</summary>
    private const uint MostDistance = 1 << 20;

    private readonly uint[] addresses;
    private readonly int[] names;
    private readonly uint[] sizes;
    private readonly byte[] text;
    private readonly uint end;

    /// <param name="source">The file the table was read from.</param>
    /// <param name="symbols">The symbols in any order.</param>
    /// <param name="text">Holds the names, each ended by a zero byte, a blank or the end of its line.</param>
    /// <param name="end">First address after the kernel.</param>
    internal SymbolTable(string source, SymbolList symbols, byte[] text, uint end)
    {
        Source = source;
        this.text = text;
        this.end = end;
        (addresses, names, sizes) = symbols.Sorted();
    }

    private SymbolTable(SymbolTable table, uint distance)
    {
        (Source, text, names, sizes, end) = (table.Source, table.text, table.names, table.sizes, table.end + distance);
        addresses = Array.ConvertAll(table.addresses, address => address + distance);
    }

    /// <summary>The file the table was read from.</summary>
    public string Source { get; }

    /// <summary>Number of symbols.</summary>
    public int Count => addresses.Length;

    /// <summary>Reads the symbols of an ELF kernel or a System.map.</summary>
    /// <exception cref="LguestException">FileUnavailable; or InvalidImage if the file is neither, is damaged, or has no symbols.</exception>
    public static SymbolTable Load(string path) =>
        SymbolFile.Read(path) ?? throw SymbolFile.Invalid(path, "has no symbols: it was stripped; use its System.map instead");

    /// <summary>Where in the kernel an address is.</summary>
    /// <param name="address">A linear address; also as the negative number that a script may take 0xc0100000 for.</param>
    /// <returns>Null if it is outside the kernel, or after the end of the nearest symbol; where the symbols do not tell their sizes, as in a System.map, more than 1 MiB after it.</returns>
    public SymbolLocation? Find(long address) => address is >= int.MinValue and <= uint.MaxValue ? Find((uint)address) : null;

    /// <summary>The address of the symbol with exactly this name; the lowest if several have it. Null if there is none.</summary>
    public uint? AddressOf(string name)
    {
        byte[] wanted = Encoding.UTF8.GetBytes(name);
        for (int i = 0; i < names.Length; i++)
            if (SymbolList.NameAt(text, names[i]).SequenceEqual(wanted)) return addresses[i];
        return null;
    }

    /// <summary>Every name, in the order of the addresses.</summary>
    internal IEnumerable<string> Names => Enumerable.Range(0, names.Length).Select(Name);

    /// <summary>Every symbol, in the order of the addresses.</summary>
    internal IEnumerable<(string Name, uint Address)> All => Enumerable.Range(0, names.Length).Select(i => (Name(i), addresses[i]));

    /// <summary>The names that begin with this text, whatever its case, in the order of the addresses.</summary>
    public IEnumerable<string> StartingWith(string text) => Names.Where(name => name.StartsWith(text, StringComparison.OrdinalIgnoreCase));

    public override string ToString() => $"{Count} symbols of {Source}";

    /// <summary>Where the code or data that begins at a symbol's address ends: by its size if that is known, else at the next symbol, and not after the kernel.</summary>
    internal uint EndOf(uint address)
    {
        int index = Array.BinarySearch(addresses, address);
        if (index < 0) return address;
        while (index > 0 && addresses[index - 1] == address) index--;
        if (sizes[index] != 0) return (uint)Math.Min((ulong)address + sizes[index], end);
        while (index < addresses.Length && addresses[index] == address) index++;
        return index < addresses.Length ? addresses[index] : end;
    }

    /// <summary>Whether a kernel can be this far from where it was linked for: a number of whole pages.</summary>
    internal static bool CanMove(uint distance) => distance % Memory.GuestMemory.PageSize == 0;

    /// <summary>The same symbols for a kernel that lies farther up, or with wrapping farther down.</summary>
    internal SymbolTable Moved(uint distance) => distance == 0 ? this : new SymbolTable(this, distance);

    internal SymbolLocation? Find(uint address)
    {
        if (addresses.Length == 0 || address < addresses[0] || address >= end) return null;
        int found = Array.BinarySearch(addresses, address);
        if (found < 0) found = ~found - 1;
        // The best of several names for one address is the first of them.
        while (found > 0 && addresses[found - 1] == addresses[found]) found--;
        uint offset = address - addresses[found];
        // Up to the end and not below: the last instruction of a function may be a call that does not come back.
        return offset <= (sizes[found] == 0 ? MostDistance : sizes[found]) ? new SymbolLocation(Name(found), addresses[found], offset) : null;
    }

    private string Name(int index) => Encoding.UTF8.GetString(SymbolList.NameAt(text, names[index]));
}
