namespace LguestPS.Tests.Fuzz;

/// <summary>Random numbers from a tape of bytes: whatever a case is made of, its tape says, and a shorter or simpler tape is a simpler case.</summary>
/// <remarks>
/// Recording, it draws from a seed and keeps what it drew; playing, it reads the tape, and zeros after its end. Small choices take one byte,
/// so that changing a byte of the tape changes one choice.
/// </remarks>
internal sealed class TapeRandom : Random
{
    private const int MostZeros = 1 << 16, LongestRest = 256;

    private readonly bool records;
    private ulong state;        // of SplitMix64
    private byte[] tape;
    private int length, at;

    /// <summary>Records.</summary>
    public TapeRandom(int seed)
    {
        (records, tape) = (true, new byte[1024]);
        Record(seed);
    }

    /// <summary>Plays.</summary>
    public TapeRandom(ReadOnlySpan<byte> tape) => (this.tape, length) = (tape.ToArray(), tape.Length);

    /// <summary>What was drawn, or what is played.</summary>
    public byte[] Tape => tape[..length];

    /// <summary>The bytes drawn so far.</summary>
    public int Position => at;

    /// <summary>Begins another recording, in place of the last one.</summary>
    public void Record(int seed)
    {
        state = unchecked((ulong)seed * 0xD1342543DE82EF95 + 0x2545F4914F6CDD1D);
        (length, at) = (0, 0);
    }

    /// <summary>All that is left of the tape; recording, a few hundred bytes at most.</summary>
    public byte[] Rest()
    {
        if (records)
        {
            byte[] drawn = new byte[Mixed() % LongestRest];
            NextBytes(drawn);
            return drawn;
        }
        byte[] rest = tape[Math.Min(at, length)..length];
        at += rest.Length;
        return rest;
    }

    public override int Next() => Next(int.MaxValue);

    public override int Next(int maxValue) => (int)Below((ulong)maxValue);

    public override int Next(int minValue, int maxValue) => minValue + (int)Below((ulong)((long)maxValue - minValue));

    public override long NextInt64() => NextInt64(long.MaxValue);

    public override long NextInt64(long maxValue) => (long)Below((ulong)maxValue);

    public override long NextInt64(long minValue, long maxValue) => minValue + (long)Below((ulong)(maxValue - minValue));

    public override void NextBytes(byte[] buffer) => NextBytes(buffer.AsSpan());

    public override void NextBytes(Span<byte> buffer)
    {
        foreach (ref byte value in buffer) value = Byte();
    }

    public override double NextDouble() => Below(1ul << 53) / (double)(1ul << 53);

    public override float NextSingle() => (float)Below(1ul << 24) / (1 << 24);

    protected override double Sample() => NextDouble();

    /// <summary>True so many times in a hundred.</summary>
    public bool Chance(int percent) => Next(100) < percent;

    /// <summary>One of several.</summary>
    public T Pick<T>(IReadOnlyList<T> choices) => choices[Next(choices.Count)];

    private ulong Below(ulong bound)
    {
        if (bound <= 1) return 0;
        if (bound <= 256) return Byte() % (uint)bound;
        ulong value = 0;
        for (ulong left = bound - 1; left > 0; left >>= 8) value = value << 8 | Byte();
        return value % bound;
    }

    private byte Byte()
    {
        if (at < length) return tape[at++];
        if (!records)
        {
            // What draws until it likes what it drew would draw for ever.
            return at++ < length + MostZeros ? (byte)0 : throw new TapeEndedException();
        }
        if (length == tape.Length) Array.Resize(ref tape, 2 * length);
        at++;
        return tape[length++] = (byte)Mixed();
    }

    private ulong Mixed()
    {
        ulong z = state += 0x9E3779B97F4A7C15;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
        z = (z ^ z >> 27) * 0x94D049BB133111EB;
        return z ^ z >> 31;
    }
}

/// <summary>A tape that is played is too short for any case.</summary>
internal sealed class TapeEndedException() : Exception("the tape ended long ago");
