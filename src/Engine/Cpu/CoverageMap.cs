using System.Runtime.InteropServices;

namespace LguestPS.Cpu;

/// <summary>How often a guest went from one block of code to another, edge by edge.</summary>
/// <remarks>
/// An edge's number is made from the addresses of both blocks, so a few edges share one. Counts wrap at 256. Where a guest is interrupted, trapped
/// or stopped, no edge is counted from there: when that is does not tell anything of the code.
/// </remarks>
internal sealed unsafe class CoverageMap : IDisposable
{
    /// <summary>Edges that can be told apart.</summary>
    public const int Edges = 1 << 16;

    private const uint Golden = 0x9E3779B1;

    public CoverageMap() => Counts = (byte*)NativeMemory.AlignedAlloc(Edges, 64);

    ~CoverageMap() => NativeMemory.AlignedFree(Counts);

    /// <summary>A count for each edge.</summary>
    public byte* Counts { get; }

    /// <summary>The number of a block, below <see cref="Edges"/>. That of an edge is half that of its first block, xor that of its second.</summary>
    public static uint NumberOf(uint linear) => linear * Golden >> 16;

    public Span<byte> AsSpan() => new(Counts, Edges);

    public void Clear() => AsSpan().Clear();

    public void Dispose()
    {
        NativeMemory.AlignedFree(Counts);
        GC.SuppressFinalize(this);
    }
}
