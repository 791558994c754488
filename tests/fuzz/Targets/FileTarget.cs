namespace LguestPS.Tests.Fuzz;

/// <summary>A file that somebody else wrote: it is read, or refused by one error of ours, with memory in proportion to it.</summary>
/// <remarks>A tape says which sample is changed and how; or, after the byte <see cref="IsWhole"/>, it has the file itself.</remarks>
internal abstract class FileTarget : FuzzTarget
{
    /// <summary>The first byte of a tape that has the choices of its use and then the file, up to its end.</summary>
    public const byte IsWhole = 0xFF;

    /// <summary>Bytes for what is chosen after the file is there.</summary>
    private const int Choices = 16;

    /// <summary>What one reading may allocate beyond what the target itself allows for: buffers, tables, messages.</summary>
    private const long MostAllocated = 96L << 20;

    private readonly TempFolder folder = new(inMemory: true);
    private readonly Lazy<IReadOnlyList<byte[]>> samples;
    private byte[] contents = [];
    private int choicesFrom;

    protected FileTarget() => samples = new(() => [.. MakeSamples()]);

    public override string Promise => $"{What} that is damaged or hostile is read or refused by one error, in bounded memory";

    /// <summary>What kind of file, with its article.</summary>
    protected abstract string What { get; }

    protected abstract string FileName { get; }

    protected virtual IReadOnlyList<byte[]>? Tokens => null;

    /// <summary>Valid ones.</summary>
    protected abstract IEnumerable<byte[]> MakeSamples();

    /// <summary>Reads the file and uses what is in it.</summary>
    protected abstract void Use(string path, TapeRandom random);

    /// <summary>A file of it, from what was changed: packed, or with checksums that are right.</summary>
    protected virtual void Write(string path, byte[] contents) => File.WriteAllBytes(path, contents);

    /// <summary>A place for files that belong to the case.</summary>
    protected string Beside(string name) => folder.Path(name);

    /// <summary>Tapes with each sample as it is, for who changes tapes otherwise.</summary>
    public IEnumerable<byte[]> WholeSamples() => samples.Value.Select(sample => Whole([], sample));

    public override string? Try(TapeRandom random)
    {
        TapeRandom choices = random;
        if (random.Next(256) == IsWhole)
        {
            byte[] drawn = new byte[Choices];
            random.NextBytes(drawn);
            choices = new TapeRandom(drawn);
            contents = random.Rest();
        }
        else
        {
            contents = Mutator.Change(random, random.Pick(samples.Value), Tokens);
        }
        choicesFrom = random.Position;

        string path = folder.Path(FileName);
        Write(path, contents);
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            Use(path, choices);
        }
        catch (LguestException e)
        {
            Observation?.Add(e.Message);
            if (string.IsNullOrWhiteSpace(e.Message) || e.Message.Contains("Exception of type", StringComparison.Ordinal)) return $"an error that says nothing: {e}";
        }
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        return allocated > MostAllocated ? $"reading {new FileInfo(path).Length} bytes allocated {allocated >> 20} MiB" : null;
    }

    public override bool IsLasting(ReadOnlySpan<byte> tape) => tape is [IsWhole, ..];

    public override byte[] ToLasting(byte[] tape)
    {
        if (IsLasting(tape)) return tape;
        TapeRandom played = new(tape);
        _ = Fuzzer.Try(this, played);
        return Whole(tape.AsSpan(Math.Min(choicesFrom, tape.Length)), contents);
    }

    public override void Dispose() => folder.Dispose();

    private static byte[] Whole(ReadOnlySpan<byte> choices, byte[] contents)
    {
        byte[] kept = new byte[Choices];
        choices[..Math.Min(choices.Length, Choices)].CopyTo(kept);
        return [IsWhole, .. kept, .. contents];
    }
}
