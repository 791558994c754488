using System.Runtime.InteropServices;

namespace LguestPS.Cpu;

/// <summary>How often a block of code ran.</summary>
/// <param name="Runs">How often it was entered.</param>
/// <param name="Instructions">The instructions it ran in all.</param>
internal readonly record struct BlockCount(long Runs, long Instructions);

/// <summary>Counts every instruction a guest runs, by the block of code it is in.</summary>
internal sealed class CodeCounts
{
    private Dictionary<(uint Eip, int Level), BlockCount> counts = [], spare = [];

    /// <summary>A block ran.</summary>
    /// <param name="eip">The linear address where it begins.</param>
    /// <param name="level">The ring.</param>
    /// <param name="instructions">How many ran.</param>
    public void Add(uint eip, int level, long instructions)
    {
        ref BlockCount count = ref CollectionsMarshal.GetValueRefOrAddDefault(counts, (eip, level), out _);
        count = new BlockCount(count.Runs + 1, count.Instructions + instructions);
    }

    /// <summary>What was counted since the last time; valid until the next.</summary>
    public IReadOnlyDictionary<(uint Eip, int Level), BlockCount> Take()
    {
        (counts, spare) = (spare, counts);
        counts.Clear();
        return spare;
    }
}
