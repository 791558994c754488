using LguestPS.Cpu;
using LguestPS.Inspection;

namespace LguestPS.Reports;

/// <summary>A function of the kernel, or a page of programs, and the instructions that a guest ran in it.</summary>
/// <param name="Name">Its name; of programs, the address of the page.</param>
/// <param name="Address">Where it begins.</param>
/// <param name="Level">The ring: 1 is the kernel, 3 programs.</param>
/// <param name="Series">Its instructions in each stretch of the run.</param>
internal sealed record CodeFunction(string Name, uint Address, int Level, TimeBins.Series Series)
{
    public long Instructions => Series.Total;

    /// <summary>How often each of its blocks ran, by address, and with how many instructions together.</summary>
    public Dictionary<uint, BlockCount> Blocks { get; } = [];
}

/// <summary>A line of the hottest code.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="Text">The instruction.</param>
/// <param name="Runs">How often it ran; null if it is not known.</param>
internal sealed record CodeLine(uint Address, string Text, long? Runs);

/// <summary>Where a guest spent its instructions, counted and not sampled.</summary>
/// <param name="counts">What the CPU counts.</param>
/// <param name="start">Guest time at which that begins, in nanoseconds.</param>
/// <param name="find">The kernel's names.</param>
internal sealed class CodeProfile(CodeCounts counts, long start, Func<uint, SymbolLocation?> find)
{
    private const int Stretches = 256;      // there are many functions
    private const int MostFunctions = 4096;
    private const int MostLines = 48;
    private const int MostBlocks = 12;
    private const int MostBlocksKnown = 1 << 20;
    private const int KernelRing = 1;
    private const uint PageMask = 0xFFFFF000;

    private readonly Dictionary<(uint Address, int Level), CodeFunction> functions = [];
    private readonly Dictionary<(uint Eip, int Level), CodeFunction> byBlock = [];
    private CodeFunction? rest;
    private long due, taken = start;

    /// <summary>All, the hottest first.</summary>
    public IReadOnlyList<CodeFunction> Functions => [.. functions.Values.Append(rest).OfType<CodeFunction>().OrderByDescending(function => function.Instructions).ThenBy(function => function.Address)];

    public TimeBins Bins { get; } = new(Stretches);

    public long Instructions { get; private set; }

    /// <summary>Whether the stretch that was counted is over.</summary>
    public bool IsDue(long time) => time >= due;

    /// <summary>Takes what was counted since the last time.</summary>
    /// <param name="time">Guest time in nanoseconds.</param>
    public void Take(long time)
    {
        int last = Bins.At(time), first = Bins.At(Math.Min(taken, time));
        due = time + Bins.Width;
        taken = time;
        foreach (((uint eip, int level), BlockCount count) in counts.Take())
        {
            CodeFunction function = FunctionOf(eip, level);
            Spread(function.Series, first, last, count.Instructions);
            Instructions += count.Instructions;
            BlockCount before = function.Blocks.GetValueOrDefault(eip);
            if (function != rest) function.Blocks[eip] = new BlockCount(before.Runs + count.Runs, before.Instructions + count.Instructions);
        }
    }

    /// <summary>The hottest code of a function: the instructions around its hottest block, each with how often it ran.</summary>
    /// <param name="function">Which.</param>
    /// <param name="disassemble">The instruction at an address and its length; null if nothing is there.</param>
    public static IReadOnlyList<CodeLine> Hottest(CodeFunction function, Func<uint, DisassembledInstruction?> disassemble)
    {
        List<CodeLine> lines = [];
        uint next = 0;
        foreach ((uint start, BlockCount count) in function.Blocks.OrderByDescending(block => block.Value.Instructions).Take(MostBlocks).OrderBy(block => block.Key))
        {
            // Blocks may overlap: each begins where something jumps to, and an instruction is shown once.
            long left = count.Runs == 0 ? 0 : (count.Instructions + count.Runs - 1) / count.Runs;
            for (uint at = start; left > 0 && lines.Count < MostLines; left--)
            {
                if (disassemble(at) is not { } instruction) break;
                if (at >= next) lines.Add(new CodeLine(at, instruction.Text, count.Runs));
                at += (uint)instruction.Bytes.Length;
                next = Math.Max(next, at);
            }
        }
        return lines;
    }

    /// <summary>When in the time since the last look it ran is not known: evenly.</summary>
    private static void Spread(TimeBins.Series series, int first, int last, long count)
    {
        long each = count / (last - first + 1);
        for (int i = first; i < last; i++) series.Add(i, each);
        series.Add(last, count - each * (last - first));
    }

    private CodeFunction FunctionOf(uint eip, int level)
    {
        if (byBlock.TryGetValue((eip, level), out CodeFunction? known)) return known;
        SymbolLocation? symbol = level == KernelRing ? find(eip) : null;
        uint address = symbol?.Address ?? eip & PageMask;
        if (!functions.TryGetValue((address, level), out CodeFunction? function))
        {
            if (functions.Count >= MostFunctions) return rest ??= new CodeFunction("others", 0, KernelRing, Bins.Add());
            string name = symbol?.Name ?? (level == KernelRing ? $"kernel at 0x{address:x8}" : $"programs at 0x{address:x8}");
            functions.Add((address, level), function = new CodeFunction(name, address, level, Bins.Add()));
        }
        if (byBlock.Count < MostBlocksKnown) byBlock[(eip, level)] = function;
        return function;
    }
}
