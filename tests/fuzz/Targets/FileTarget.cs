namespace LguestPS.Tests.Fuzz;

/// <summary>A file that somebody else wrote: it is read, or refused by one error of ours, with memory in proportion to it.</summary>
internal abstract class FileTarget : FuzzTarget
{
    /// <summary>What one reading may allocate beyond what the target itself allows for: buffers, tables, messages.</summary>
    private const long MostAllocated = 96L << 20;

    private readonly TempFolder folder = new();
    private readonly string path;

    protected FileTarget() => path = folder.Path(FileName);

    public override string Promise => $"{What} that is damaged or hostile is read or refused by one error, in bounded memory";

    /// <summary>What kind of file, with its article.</summary>
    protected abstract string What { get; }

    protected abstract string FileName { get; }

    /// <summary>Valid ones.</summary>
    protected abstract IReadOnlyList<byte[]> Samples { get; }

    protected virtual IReadOnlyList<byte[]>? Tokens => null;

    /// <summary>Reads the file and uses what is in it.</summary>
    protected abstract void Use(string path, TapeRandom random);

    /// <summary>A file of it, from what was changed: packed, or with checksums that are right.</summary>
    protected virtual void Write(string path, byte[] contents) => File.WriteAllBytes(path, contents);

    /// <summary>A place for files that belong to the case.</summary>
    protected string Beside(string name) => folder.Path(name);

    public override string? Try(TapeRandom random)
    {
        Write(path, Mutator.Change(random, random.Pick(Samples), Tokens));
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            Use(path, random);
        }
        catch (LguestException e)
        {
            if (string.IsNullOrWhiteSpace(e.Message) || e.Message.Contains("Exception of type", StringComparison.Ordinal)) return $"an error that says nothing: {e}";
        }
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        return allocated > MostAllocated ? $"reading {new FileInfo(path).Length} bytes allocated {allocated >> 20} MiB" : null;
    }

    public override void Dispose() => folder.Dispose();
}
