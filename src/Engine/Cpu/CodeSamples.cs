namespace LguestPS.Cpu;

/// <summary>Where a guest was, every so many instructions.</summary>
/// <remarks>
/// The distances between two samples vary, so that a loop as long as the period is not always met at the same instruction; but they are the same
/// in every run, and they are counted in instructions. So under the virtual clock a guest's samples are always the same.
/// </remarks>
/// <param name="period">Instructions from one sample to the next on average, at least 1.</param>
internal sealed class CodeSamples(long period)
{
    private readonly Dictionary<(uint Eip, int Level), long> counts = [];
    private readonly Lock gate = new();
    private ulong random = 0x9E3779B97F4A7C15;
    private long next = -1;

    public long Period => period;

    /// <summary>Instructions until the next sample, at least 1.</summary>
    /// <param name="count">Instructions that the guest has run so far. If it was taken back, what comes again is not counted again.</param>
    public long Distance(long count)
    {
        if (next < 0) next = count + Step();
        return Math.Max(1, next - count);
    }

    /// <summary>Counts the instruction that is about to run if one is due.</summary>
    public void Note(long count, uint eip, int privilegeLevel)
    {
        if (count < next) return;
        next = count + Step();
        lock (gate)
        {
            ref long known = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(counts, (eip, privilegeLevel), out _);
            known++;
        }
    }

    /// <summary>What was counted so far.</summary>
    public IReadOnlyList<(uint Eip, int Level, long Count)> Take()
    {
        lock (gate) return [.. counts.Select(entry => (entry.Key.Eip, entry.Key.Level, entry.Value))];
    }

    /// <summary>1 to twice the period less one, the period on average.</summary>
    private long Step()
    {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        return 1 + (long)(random % (ulong)(2 * period - 1));
    }
}
