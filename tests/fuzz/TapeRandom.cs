namespace LguestPS.Tests.Fuzz;

/// <summary>Random numbers from a tape of bytes: whatever a case is made of, its tape says, and a shorter or simpler tape is a simpler case.</summary>
/// <remarks>
/// Recording, it draws from a seed and keeps what it drew; playing, it reads the tape, and zeros after its end. Small choices take one byte,
/// so that changing a byte of the tape changes one choice.
/// </remarks>
internal sealed class TapeRandom : Random
{
    private const int MostZeros = 1 << 16;

    private readonly Random? source;
    private readonly List<byte> tape;
    private int at;

    /// <summary>Records.</summary>
    public TapeRandom(int seed) => (source, tape) = (new Random(seed), []);

    /// <summary>Plays.</summary>
    public TapeRandom(ReadOnlySpan<byte> tape) => this.tape = [.. tape];

    /// <summary>What was drawn, or what is played.</summary>
    public byte[] Tape => [.. tape];

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
        ulong value = 0;
        for (ulong left = bound - 1; left > 0; left >>= 8) value = value << 8 | Byte();
        return value % bound;
    }

    private byte Byte()
    {
        if (source is null)
        {
            if (at < tape.Count) return tape[at++];
            // What draws until it likes what it drew would draw for ever.
            return at++ < tape.Count + MostZeros ? (byte)0 : throw new TapeEndedException();
        }
        byte drawn = (byte)source.Next(256);
        tape.Add(drawn);
        return drawn;
    }
}

/// <summary>A tape that is played is too short for any case.</summary>
internal sealed class TapeEndedException() : Exception("the tape ended long ago");
