using System.Diagnostics;
using LguestPS.Cpu.Emulated;
using LguestPS.Memory;
using LguestPS.Paging;
using LguestPS.Segments;

namespace LguestPS.Cpu.Kvm;

/// <summary>With what a guest on KVM is watched.</summary>
internal enum WatchMeans
{
    /// <summary>It runs on the emulated CPU while anything is watched.</summary>
    EmulatedCpu,

    /// <summary>Memory: pages of it are kept from KVM. Instructions: the emulated CPU, as above.</summary>
    Pages,

    /// <summary>The same, and up to four instructions by the processor's debug registers.</summary>
    PagesAndDebugRegisters,
}

/// <summary>Watched addresses: KVM comes out where something may be watched, and the emulated CPU runs that instruction and decides.</summary>
/// <remarks>
/// So both kinds of vCPU report the same. For memory KVM comes out because the page is missing from the shadow tables, or read-only in them;
/// for up to four instructions by the processor's debug registers. Where those do not suffice the guest runs on the emulated CPU all the time.
/// </remarks>
internal sealed unsafe partial class KvmCpu
{
    private const uint MostPagesNamed = 256;

    private bool mustWatchAll;
    private StretchGovernor stretches;

    public override bool CanWatch => completer is not null;

    /// <summary>Asked when something is watched; every guest of a machine has the same answer.</summary>
    public Func<WatchMeans> FindMeans { get; init; } = () => KvmProbe.Machine.WatchMeans;

    /// <summary>Instructions that the emulated CPU has run for this one.</summary>
    public long EmulatedInstructions => completer?.Cpu.InstructionCount ?? 0;

    private Watchpoints? Watches => completer?.Cpu.Mmu.Watches;

    /// <summary>The emulated CPU, if what it knows of the guest's pages is in use.</summary>
    private EmulatedCpu? Watcher => watched is { IsCurrent: true } ? completer!.Cpu : null;

    public override void Watch(IReadOnlyList<WatchRange> ranges)
    {
        completer!.Cpu.Watch(ranges);
        WatchMeans means = ranges.Count == 0 ? WatchMeans.Pages : FindMeans();
        foreach (WatchRange range in ranges)
            if (range.Access != MemoryAccess.Execute) Forget(range);

        WatchRange[] code = [.. ranges.Where(range => (range.Access & MemoryAccess.Execute) != 0)];
        bool suitsRegisters = means == WatchMeans.PagesAndDebugRegisters && code.All(range => range.Length == 1);
        bool inRegisters = debug.TryWatch(suitsRegisters ? [.. code.Select(range => range.First)] : (HashSet<uint>)[]) && suitsRegisters;
        mustWatchAll = means == WatchMeans.EmulatedCpu || (code.Length != 0 && !inRegisters);
    }

    protected override void LoadInstructionCount(long count) => completer?.Cpu.ForgetWatched();

    /// <summary>Runs the guest where every address is seen.</summary>
    private CpuExit RunWatched(CpuBudget budget)
    {
        CpuExit exit = watched!.Run(ref state.Registers, TaskSwitched, budget, kicker.TakeKick);
        state.SegmentsChanged();
        return exit;
    }

    /// <summary>Whether the emulated CPU has something to report, or to let pass, before KVM may run.</summary>
    private bool StandsAtWatched
    {
        get
        {
            if (Watches is not { } watches || (!watches.HasCode && watches.Late is null)) return false;
            pages.TryFind(state.Registers.Cs, out SegmentDescriptor segment);
            return watches.Late is not null || watches.IsCode(segment.Base + state.Registers.Eip);
        }
    }

    /// <summary>Whether a fault came because a page is watched.</summary>
    private bool IsWatched(uint linear, PageAccess access) => Watches is { HasData: true } watches && watches.IsInPage(PageOf(linear), reading: (access & PageAccess.Write) == 0);

    /// <summary>What KVM may know of a page that can be read.</summary>
    private Translation Shown(uint linear, in Translation translation) =>
        Watches is { HasData: true } watches && watches.IsInPage(PageOf(linear), reading: false) ? translation with { Writable = false } : translation;

    /// <summary>The guest touched a watched page.</summary>
    private CpuExit? AfterWatchedFault()
    {
        long instructions = stretches.Begin(Stopwatch.GetTimestamp());
        CpuExit? exit = instructions == 1 ? Complete() : RunStretch(instructions);
        stretches.End(Stopwatch.GetTimestamp());
        return exit;
    }

    /// <returns>Null to go on with KVM.</returns>
    private CpuExit? RunStretch(long instructions)
    {
        CpuExit exit = RunWatched(new CpuBudget(instructions));
        watched!.Leave();
        return state.TakeSegments() ?? (exit.Kind == CpuExitKind.Budget ? null : exit with { RanNothing = false });
    }

    /// <summary>A debug register stopped the guest, or its own trace flag did, which KVM would else have left to the guest.</summary>
    private CpuExit? AfterDebug()
    {
        if (state.IsInRing0) return CpuExit.Dead($"a debug exception in the engine's own code at 0x{vcpu.State->regs.rip:x}");
        state.ReadInterrupted(monitor);
        return debug.HasFound ? Complete() : CpuExit.Trap(Vector.Debug);
    }

    private void Forget(WatchRange range)
    {
        uint first = PageOf(range.First), pages = (PageOf(range.First + range.Length - 1) - first) / GuestMemory.PageSize + 1;
        if (pages > MostPagesNamed) tables.ForgetAll();
        else
            for (uint page = 0; page < pages; page++) tables.ForgetPage(null, first + page * GuestMemory.PageSize);
    }

    private static uint PageOf(uint linear) => linear & ~(GuestMemory.PageSize - 1u);
}
