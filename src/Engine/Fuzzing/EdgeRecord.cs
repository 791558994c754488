using System.Runtime.InteropServices;
using LguestPS.Cpu;

namespace LguestPS.Fuzzing;

/// <summary>Which edges any run has taken so far, and about how often.</summary>
/// <remarks>Written with a lock held, read without: what is new to a reader may be known already, but what is known to it is.</remarks>
internal sealed class EdgeRecord
{
    private static readonly byte[] classes = [.. Enumerable.Range(0, 256).Select(ClassOf)];

    private readonly byte[] seen = new byte[CoverageMap.Edges];

    /// <summary>Edges that were taken.</summary>
    public int Count { get; private set; }

    /// <summary>What is new of a run.</summary>
    public IReadOnlyList<(ushort Edge, byte Class)> NewIn(CoverageMap map)
    {
        List<(ushort, byte)>? fresh = null;
        ReadOnlySpan<byte> counts = map.AsSpan();
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(counts);
        int word = 0;
        while (words[word..].IndexOfAnyExcept(0ul) is var skipped and >= 0)
        {
            word += skipped;
            for (int i = word * sizeof(ulong); i < (word + 1) * sizeof(ulong); i++)
            {
                byte taken = classes[counts[i]];
                if ((taken & ~seen[i]) != 0) (fresh ??= []).Add(((ushort)i, taken));
            }
            word++;
        }
        return fresh ?? (IReadOnlyList<(ushort, byte)>)[];
    }

    /// <summary>Notes what a run has taken.</summary>
    /// <returns>How many edges nobody had taken before, and whether any was taken more often than before.</returns>
    public (int Edges, bool Any) Add(IReadOnlyList<(ushort Edge, byte Class)> taken)
    {
        int edges = 0;
        bool any = false;
        foreach ((ushort edge, byte how) in taken)
        {
            if ((how & ~seen[edge]) == 0) continue;
            any = true;
            if (seen[edge] == 0) edges++;
            seen[edge] |= how;
        }
        Count += edges;
        return (edges, any);
    }

    /// <summary>Once, twice, three times, up to 7, 15, 31, 127, more often: a bit for each.</summary>
    private static byte ClassOf(int count) => count switch
    {
        0 => 0, 1 => 1, 2 => 2, 3 => 4, < 8 => 8, < 16 => 16, < 32 => 32, < 128 => 64, _ => 128,
    };
}
