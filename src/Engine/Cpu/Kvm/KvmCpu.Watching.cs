using LguestPS.Cpu.Emulated;

namespace LguestPS.Cpu.Kvm;

/// <summary>Watched addresses: the emulated CPU alone decides what was reached, so that both kinds of vCPU report the same.</summary>
internal sealed unsafe partial class KvmCpu
{
    private bool mustWatchAll;

    public override bool CanWatch => completer is not null;

    public override void Watch(IReadOnlyList<WatchRange> ranges)
    {
        completer!.Cpu.Watch(ranges);
        mustWatchAll = ranges.Count != 0;
    }

    protected override void LoadInstructionCount(long count) => completer?.Cpu.ForgetWatched();

    /// <summary>The emulated CPU, if what it knows of the guest's pages is in use.</summary>
    private EmulatedCpu? Watcher => watched is { IsCurrent: true } ? completer!.Cpu : null;

    /// <summary>Runs the guest where every address is seen.</summary>
    private CpuExit RunWatched(CpuBudget budget)
    {
        CpuExit exit = watched!.Run(ref registers, TaskSwitched, budget, TakeKick);
        segmentsChanged = true;
        return exit;
    }
}
