namespace LguestPS.Cpu.Emulated;

/// <summary>How many instructions may run before control returns to the loop.</summary>
/// <remarks>
/// Handlers that tail-call use no stack however long they run; handlers compiled without tail calls use some for every instruction
/// (see <see cref="Flow"/>). A runtime may replace one kind of code by the other at any time, so each slice is measured:
/// a deep one makes the next ones short, flat ones make them long again. The longest slice is harmless even if all of it nests.
/// </remarks>
internal struct SliceGovernor()
{
    public const int Shortest = 256;
    private const int Longest = 4096;
    private const nint DeepBytes = 4096;

    /// <summary>The longest slice while compiled code runs, which never nests; a small part of what a kick may take.</summary>
    public const int LongestCompiled = 1 << 16;

    /// <summary>Never less than a block.</summary>
    public int Limit { get; private set; } = Shortest;

    public void Observe(nint stackBytes) => Limit = stackBytes > DeepBytes ? Shortest : Math.Min(Limit * 2, Longest);
}
