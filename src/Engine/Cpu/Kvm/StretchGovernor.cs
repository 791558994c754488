using System.Diagnostics;

namespace LguestPS.Cpu.Kvm;

/// <summary>Says how much to emulate where a watched page was touched: one instruction, unless such pages are touched all the time.</summary>
/// <remarks>A stretch saves the exits inside it, but begins without any translated code.</remarks>
internal struct StretchGovernor
{
    private const int Singly = 16;
    private const int MostDoublings = 5;
    private const long ShortestStretch = 10_000;

    /// <summary>Whoever touches such a page again so soon has done little but pay for its exits.</summary>
    private static readonly long Soon = Stopwatch.Frequency / 5_000;

    private long ended;
    private int inARow;

    /// <summary>A watched page was touched.</summary>
    /// <param name="now">The time, as <see cref="Stopwatch"/> has it.</param>
    /// <returns>How many instructions to emulate.</returns>
    public long Begin(long now)
    {
        inARow = now - ended < Soon ? inARow + 1 : 0;
        return inARow < Singly ? 1 : ShortestStretch << Math.Min(inARow - Singly, MostDoublings);
    }

    /// <summary>They have been.</summary>
    public void End(long now) => ended = now;
}
