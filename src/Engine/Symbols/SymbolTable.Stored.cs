using LguestPS.State;
using LguestPS.Symbols;

namespace LguestPS;

/// <summary>A table inside of another file: the names, without the file they came from.</summary>
public sealed partial class SymbolTable
{
    private const int LongestName = 4096;
    private const int MostStored = 1 << 20;
    private const int MostText = 48 << 20;

    /// <summary>Whether it is of a size that a file of ours takes.</summary>
    internal bool CanBeStored => names.Length <= MostStored && text.Length <= MostText;

    internal void WriteTo(BinaryWriter file)
    {
        file.Write(Path.GetFileName(Source));
        file.Write(end);
        file.Write(names.Length);
        uint before = 0;
        for (int i = 0; i < names.Length; i++)
        {
            ReadOnlySpan<byte> name = SymbolList.NameAt(text, names[i]);
            name = name[..Math.Min(name.Length, LongestName)];
            file.Write7BitEncodedInt64(addresses[i] - before);
            file.Write7BitEncodedInt64(sizes[i]);
            file.Write7BitEncodedInt(name.Length);
            file.Write(name);
            before = addresses[i];
        }
    }

    /// <exception cref="InvalidStateException">It makes no sense.</exception>
    /// <exception cref="IOException">It is cut off.</exception>
    internal static SymbolTable ReadFrom(BoundedReader file)
    {
        string source = file.ReadString();
        if (source.Any(char.IsControl)) throw new InvalidStateException("its symbols come from a file of an impossible name");
        uint end = file.ReadUInt32();
        int count = file.ReadCount("symbols", MostStored);
        using MemoryStream text = new();
        List<(uint Address, int Name, uint Size)> read = [];
        uint address = 0;
        for (int i = 0; i < count; i++)
        {
            address = Word(address + file.Read7BitEncodedInt64());
            uint size = Word(file.Read7BitEncodedInt64());
            read.Add((address, (int)text.Length, size));
            byte[] name = file.Read(file.Read7BitEncodedInt(), LongestName, "a symbol's name");
            if (name.Length == 0 || name.Any(letter => letter <= (byte)' ')) throw new InvalidStateException("a symbol's name cannot be one");
            text.Write(name);
            text.WriteByte(0);
            if (text.Length > MostText) throw new InvalidStateException("its symbols have more text than any kernel's");
        }
        byte[] names = text.ToArray();
        SymbolList symbols = new(names);
        foreach ((uint at, int name, uint size) in read) symbols.TryAdd(at, name, SymbolStrength.Strong, size);
        return new SymbolTable(source, symbols, names, end);
    }

    private static uint Word(long value) => value is >= 0 and <= uint.MaxValue ? (uint)value : throw new InvalidStateException("a symbol lies outside of memory");
}
