using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace LguestPS.Tests.Cpu.Recorded;

/// <summary>Reads the MOO format, version 1, in which recordings of processors are published: chunks in chunks, each with a name and a length.</summary>
internal sealed class MooFile
{
    private const int HeaderSize = 8;

    /// <summary>The registers of REGS and RMSK, and of RG32 and RM32, by the bit that says whether one is there; null for one that is not compared.</summary>
    private static readonly RecordedRegister?[] wordRegisters =
    [
        RecordedRegister.Eax, RecordedRegister.Ebx, RecordedRegister.Ecx, RecordedRegister.Edx, RecordedRegister.Cs, RecordedRegister.Ss,
        RecordedRegister.Ds, RecordedRegister.Es, RecordedRegister.Esp, RecordedRegister.Ebp, RecordedRegister.Esi, RecordedRegister.Edi,
        RecordedRegister.Eip, RecordedRegister.Eflags,
    ];

    private static readonly RecordedRegister?[] longRegisters =
    [
        null, null, RecordedRegister.Eax, RecordedRegister.Ebx, RecordedRegister.Ecx, RecordedRegister.Edx, RecordedRegister.Esi, RecordedRegister.Edi,
        RecordedRegister.Ebp, RecordedRegister.Esp, RecordedRegister.Cs, RecordedRegister.Ds, RecordedRegister.Es, RecordedRegister.Fs,
        RecordedRegister.Gs, RecordedRegister.Ss, RecordedRegister.Eip, RecordedRegister.Eflags, null, null,
    ];

    private readonly string name;
    private readonly byte[] bytes;
    private uint definedFlags = uint.MaxValue;

    private MooFile(string name, byte[] bytes)
    {
        this.name = name;
        this.bytes = bytes;
        Chunk first = ChunkAt(0, bytes.Length);
        if (first.Name != "MOO " || first.Length < 12) throw Damaged(0, "is no MOO file");
        if (bytes[HeaderSize] != 1) throw Damaged(HeaderSize, $"has version {bytes[HeaderSize]}; only version 1 is known");
        Count = ReadUInt32(HeaderSize + 4);
        Processor = Text(HeaderSize + 8, 4).TrimEnd();
    }

    /// <summary>The processor that was recorded, as the file calls it: C286, 386E.</summary>
    public string Processor { get; }

    /// <summary>How many tests the file says it has.</summary>
    public uint Count { get; }

    /// <param name="path">The file, packed by gzip or not.</param>
    /// <exception cref="InvalidDataException">It is no MOO file, or damaged.</exception>
    public static MooFile Open(string path) => Read(Path.GetFileName(path), File.ReadAllBytes(path));

    /// <inheritdoc cref="Open"/>
    public static MooFile Read(string name, byte[] content)
    {
        if (content is not [0x1F, 0x8B, ..]) return new MooFile(name, content);
        using var packed = new GZipStream(new MemoryStream(content), CompressionMode.Decompress);
        using var unpacked = new MemoryStream();
        try
        {
            packed.CopyTo(unpacked);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{name} cannot be unpacked: {e.Message}", e);
        }

        return new MooFile(name, unpacked.ToArray());
    }

    /// <summary>The tests, read as they are taken.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or cut off there.</exception>
    public IEnumerable<RecordedTest> Tests()
    {
        uint found = 0;
        foreach (Chunk chunk in Chunks(0, bytes.Length))
        {
            if (chunk.Name is "RMSK" or "RM32") definedFlags = Flags(Registers(chunk));
            if (chunk.Name != "TEST") continue;
            found++;
            yield return Test(chunk);
        }

        if (found != Count) throw Damaged(bytes.Length, $"ends after {found} of {Count} tests");
    }

    private RecordedTest Test(Chunk test)
    {
        if (test.Length < 4) throw Damaged(test.Start, "has a test without a number");
        uint index = ReadUInt32(test.Start);
        string text = "";
        byte[]? code = null;
        RecordedState? before = null, after = null;
        RecordedException? exception = null;
        string? hash = null;
        uint defined = definedFlags;
        foreach (Chunk chunk in Chunks(test.Start + 4, test.End))
        {
            switch (chunk.Name)
            {
                case "NAME": text = Encoding.ASCII.GetString(Counted(chunk, 1)); break;
                case "BYTS": code = Counted(chunk, 1).ToArray(); break;
                case "INIT": before = State(chunk, ref defined); break;
                case "FINA": after = State(chunk, ref defined); break;
                case "EXCP":
                    if (chunk.Length < 5) throw Damaged(chunk.Start, "has an exception that is cut off");
                    exception = new RecordedException(bytes[chunk.Start], ReadUInt32(chunk.Start + 1));
                    break;
                case "HASH": hash = Convert.ToHexStringLower(bytes, chunk.Start, chunk.Length); break;
            }
        }

        if (code is null || before is null || after is null) throw Damaged(test.Start, $"has no code or states in test {index}");
        return new RecordedTest(index, text, code, before, after, defined, exception, hash);
    }

    private RecordedState State(Chunk state, ref uint defined)
    {
        uint?[]? registers = null;
        RecordedByte[] memory = [];
        foreach (Chunk chunk in Chunks(state.Start, state.End))
        {
            switch (chunk.Name)
            {
                case "REGS" or "RG32": registers = Registers(chunk); break;
                case "RMSK" or "RM32": defined &= Flags(Registers(chunk)); break;
                case "RAM ": memory = Memory(chunk); break;
            }
        }

        return new RecordedState(registers ?? throw Damaged(state.Start, "has a state without registers"), memory);
    }

    private uint?[] Registers(Chunk chunk)
    {
        bool isLong = chunk.Name is "RG32" or "RM32";
        RecordedRegister?[] order = isLong ? longRegisters : wordRegisters;
        int size = isLong ? 4 : 2, at = chunk.Start + size;
        if (at > chunk.End) throw Damaged(chunk.Start, "has no list of registers");
        uint present = ReadValue(chunk.Start, size);
        if (present >> order.Length != 0) throw Damaged(chunk.Start, $"has registers that do not exist, {present:x}");
        var registers = new uint?[Enum.GetValues<RecordedRegister>().Length];
        for (int bit = 0; bit < order.Length; bit++)
        {
            if ((present >> bit & 1) == 0) continue;
            if (at + size > chunk.End) throw Damaged(chunk.Start, "has registers that are cut off");
            if (order[bit] is { } register) registers[(int)register] = ReadValue(at, size);
            at += size;
        }

        return registers;
    }

    private RecordedByte[] Memory(Chunk chunk)
    {
        ReadOnlySpan<byte> entries = Counted(chunk, 5);
        var memory = new RecordedByte[entries.Length / 5];
        for (int i = 0; i < memory.Length; i++)
            memory[i] = new RecordedByte(BinaryPrimitives.ReadUInt32LittleEndian(entries[(i * 5)..]), entries[i * 5 + 4]);
        return memory;
    }

    private static uint Flags(uint?[] registers) => registers[(int)RecordedRegister.Eflags] ?? uint.MaxValue;

    /// <summary>What follows a count in a chunk.</summary>
    private ReadOnlySpan<byte> Counted(Chunk chunk, int size)
    {
        uint count = chunk.Length >= 4 ? ReadUInt32(chunk.Start) : uint.MaxValue;
        if ((ulong)count * (uint)size > (ulong)Math.Max(chunk.Length - 4, 0)) throw Damaged(chunk.Start, $"has a chunk '{chunk.Name}' that holds less than it says");
        return bytes.AsSpan(chunk.Start + 4, (int)count * size);
    }

    private IEnumerable<Chunk> Chunks(int start, int end)
    {
        for (int at = start; at < end;)
        {
            Chunk chunk = ChunkAt(at, end);
            yield return chunk;
            at = chunk.End;
        }
    }

    private Chunk ChunkAt(int at, int end)
    {
        if (end - at < HeaderSize) throw Damaged(at, "ends in the middle of a chunk");
        uint length = ReadUInt32(at + 4);
        if (length > (uint)(end - at - HeaderSize)) throw Damaged(at, $"has a chunk of {length} bytes where {end - at - HeaderSize} are left");
        return new Chunk(Text(at, 4), at + HeaderSize, (int)length);
    }

    private uint ReadUInt32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));

    private uint ReadValue(int at, int size) => size == 4 ? ReadUInt32(at) : BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));

    private string Text(int at, int length) => Encoding.ASCII.GetString(bytes, at, length);

    private InvalidDataException Damaged(int at, string what) => new($"{name}, byte {at}: the file {what}.");

    private readonly record struct Chunk(string Name, int Start, int Length)
    {
        public int End => Start + Length;
    }
}
