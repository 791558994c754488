namespace LguestPS.Fuzzing;

/// <summary>Random numbers that depend on a seed and the number of a run alone (splitmix64).</summary>
internal struct FuzzRandom(int seed, long run)
{
    private const ulong Step = 0x9E3779B97F4A7C15;

    private ulong state = Mix((ulong)(uint)seed << 32 ^ Mix((ulong)run + Step));

    /// <summary>0 to one less than a bound, which is at least 1.</summary>
    public int Next(int bound) => (int)(Next() % (uint)bound);

    /// <summary>True so many times in a hundred.</summary>
    public bool Chance(int percent) => Next(100) < percent;

    public ulong Next() => Mix(state += Step);

    private static ulong Mix(ulong value)
    {
        value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9;
        value = (value ^ value >> 27) * 0x94D049BB133111EB;
        return value ^ value >> 31;
    }
}
