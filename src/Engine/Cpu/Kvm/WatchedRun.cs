using System.Diagnostics;
using LguestPS.Cpu.Emulated;

namespace LguestPS.Cpu.Kvm;

/// <summary>Runs a KVM guest on the emulated CPU, which sees every address, while something is watched that KVM cannot watch.</summary>
/// <remarks>
/// The two share the guest's memory. The x87 stays here between two runs, and so does what was translated: until KVM has run in
/// between and may have changed code unseen.
/// </remarks>
/// <param name="cpu">The emulated CPU; its address space and descriptors are the guest's.</param>
/// <param name="fpu">The x87 of KVM's processor.</param>
internal sealed class WatchedRun(EmulatedCpu cpu, KvmFpu fpu)
{
    /// <summary>So many instructions are a small part of a millisecond, at the end of which the time is looked at.</summary>
    private const long InstructionsAtOnce = 50_000;

    private bool holdsFpu;
    private volatile bool running;

    /// <summary>Whether KVM has not run since this has: translations must then be flushed here, too.</summary>
    public bool IsCurrent { get; private set; }

    /// <summary>Runs until something happens or the budget is used up, in instructions or in time.</summary>
    /// <param name="registers">The guest's, before and after.</param>
    /// <param name="taskSwitched">CR0.TS.</param>
    /// <param name="budget">Both of its limits are kept.</param>
    /// <param name="isKicked">Asked once when <see cref="Kick"/> works: whether there is a reason not to begin.</param>
    public CpuExit Run(ref GuestRegisters registers, bool taskSwitched, CpuBudget budget, Func<bool> isKicked)
    {
        TakeOver();
        cpu.TaskSwitched = taskSwitched;
        cpu.Registers = registers;
        running = true;
        Interlocked.MemoryBarrier();        // whoever kicks sees that this runs, or this sees the kick
        try
        {
            return isKicked() ? CpuExit.KickedAtOnce : RunUntil(budget);
        }
        finally
        {
            running = false;
            registers = cpu.Registers;
        }
    }

    /// <summary>Makes the current run return soon. Any thread may call this.</summary>
    public void Kick()
    {
        if (running) cpu.Kick();
    }

    /// <summary>Gives the x87 back to KVM's processor, if it is here.</summary>
    public void ReturnFpu()
    {
        if (!holdsFpu) return;
        fpu.Store(cpu);
        holdsFpu = false;
    }

    /// <summary>KVM is about to run.</summary>
    public void Leave()
    {
        ReturnFpu();
        IsCurrent = false;
    }

    private void TakeOver()
    {
        if (!IsCurrent) cpu.ForgetCode();
        IsCurrent = true;
        if (holdsFpu) return;
        cpu.LoadFpu(fpu.Load());
        holdsFpu = true;
    }

    private CpuExit RunUntil(CpuBudget budget)
    {
        bool ranSomething = false;
        for (long left = budget.Instructions; ;)
        {
            long part = Math.Min(left, InstructionsAtOnce);
            CpuExit exit = cpu.Run(new CpuBudget(part));
            left -= part;
            if (exit.Kind != CpuExitKind.Budget) return exit with { RanNothing = exit.RanNothing && !ranSomething };
            if (left <= 0 || Stopwatch.GetTimestamp() >= budget.Until) return exit;
            ranSomething = true;
        }
    }
}
