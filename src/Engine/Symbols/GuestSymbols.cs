namespace LguestPS.Symbols;

/// <summary>A guest's symbols, read when somebody first asks for one.</summary>
internal sealed class GuestSymbols
{
    /// <summary>Every kernel has a symbol of this name, and tells its host at LGUEST_INIT where that is.</summary>
    private const string Data = "lguest_data";

    private readonly Lazy<Outcome> read;
    private readonly uint pageOffset;
    private Placing? placing;

    private sealed record Outcome(SymbolTable? Table, LguestException? Problem);

    private sealed record Placing(uint Data, SymbolTable Table);

    private GuestSymbols(uint pageOffset, Func<SymbolTable?> read)
    {
        this.pageOffset = pageOffset;
        this.read = new Lazy<Outcome>(() =>
        {
            try
            {
                return new Outcome(read(), null);
            }
            catch (LguestException e)
            {
                return new Outcome(null, e);
            }
        });
    }

    /// <summary>Gives the linear address of the kernel's lguest_data, or null before the kernel has told it.</summary>
    public Func<uint?>? FindData { get; set; }

    /// <summary>The table, or null if the kernel came without one. A kernel that unpacks itself to a random address has its symbols there once it has told its lguest_data.</summary>
    /// <exception cref="LguestException">The file the definition names cannot be used.</exception>
    public SymbolTable? Table => read.Value.Problem is { } problem ? throw problem : Placed;

    /// <summary>The table as it was linked, for a file; null if there is none, or one that cannot be used.</summary>
    public SymbolTable? Linked => read.Value.Table;

    /// <summary>Symbols that a file of ours has brought along.</summary>
    public static GuestSymbols Of(SymbolTable table, uint pageOffset) => new(pageOffset, () => table);

    /// <summary>The symbols of another guest with the same kernel.</summary>
    public static GuestSymbols Of(GuestSymbols other) => new(other.pageOffset, () => other.Linked);

    /// <summary>The symbols of the file a definition names; else those that an ELF kernel has itself.</summary>
    /// <param name="file">The definition's file of symbols, or null.</param>
    /// <param name="kernel">The kernel's image.</param>
    /// <param name="pageOffset">First linear address of the kernel's mapping of all memory.</param>
    /// <exception cref="LguestException">FileUnavailable or InvalidImage, about the file the definition names.</exception>
    public static GuestSymbols Of(string? file, string kernel, uint pageOffset)
    {
        if (file is not null)
        {
            SymbolFile.Check(file);
            return new GuestSymbols(pageOffset, () => SymbolTable.Load(file));
        }
        (long, DateTime) loaded = Stamp(kernel);
        // A kernel that was built anew meanwhile has its symbols elsewhere: none are better than wrong ones.
        return new GuestSymbols(pageOffset, () => Stamp(kernel) == loaded ? OfKernel(kernel) : null);
    }

    /// <summary>The name of a linear address, such as schedule+0x1a; null if it is not known, for whatever reason.</summary>
    public string? Describe(uint address) => Placed?.Find(address)?.ToString();

    /// <summary>The name of a guest-physical address in the kernel's mapping of all memory.</summary>
    public string? DescribePhysical(uint address) => address <= uint.MaxValue - pageOffset ? Describe(address + pageOffset) : null;

    private SymbolTable? Placed
    {
        get
        {
            if (read.Value.Table is not { } table || FindData?.Invoke() is not { } data) return read.Value.Table;
            if (placing is { } known && known.Data == data) return known.Table;
            SymbolTable placed = table.AddressOf(Data) is { } linked && SymbolTable.CanMove(data - linked) ? table.Moved(data - linked) : table;
            placing = new Placing(data, placed);
            return placed;
        }
    }

    private static SymbolTable? OfKernel(string path)
    {
        try
        {
            return SymbolFile.Read(path);
        }
        catch (LguestException)
        {
            return null;    // it boots, so it may be a bzImage, or an ELF file whose symbols were not asked for
        }
    }

    private static (long, DateTime) Stamp(string path)
    {
        try
        {
            FileInfo info = new(path);
            return (info.Length, info.LastWriteTimeUtc);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return default;
        }
    }
}
