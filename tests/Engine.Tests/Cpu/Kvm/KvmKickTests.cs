using System.Diagnostics;
using Iced.Intel;
using LguestPS.Cpu;
using LguestPS.Memory;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Cpu.Kvm;

/// <summary>How a vCPU on the machine's KVM is stopped: by a budget of time, by kicks, from whichever thread.</summary>
[Trait("Cpu", "kvm")]
public class KvmKickTests
{
    [SkippableFact]
    public void A_budget_of_time_ends_an_endless_loop()
    {
        using CpuMachine machine = KvmMachine.Endless();
        long until = Stopwatch.GetTimestamp() + Stopwatch.Frequency / 20;
        Assert.Equal(CpuExitKind.Budget, machine.Cpu.Run(new CpuBudget(long.MaxValue, until)).Kind);
        Assert.True(Stopwatch.GetTimestamp() >= until);
    }

    [SkippableFact]
    public void Guests_on_one_thread_do_not_lose_their_timers_to_each_other()
    {
        using CpuMachine one = KvmMachine.Make();
        using CpuMachine other = KvmMachine.Endless();
        one.Cpu.SetGatePrivilege(0x80, 3);
        one.Assemble(a => { Label again = a.CreateLabel(); a.@int(0x80); a.Label(ref again); a.jmp(again); });

        long soon;
        CpuExit exit;
        do exit = one.Cpu.Run(new CpuBudget(long.MaxValue, soon = Stopwatch.GetTimestamp() + Stopwatch.Frequency / 20));
        while (exit.Kind == CpuExitKind.Budget);        // a busy machine
        Assert.Equal(CpuExit.Trap(0x80), exit);
        Assert.Equal(CpuExitKind.Budget, other.Cpu.Run(new CpuBudget(long.MaxValue, soon + Stopwatch.Frequency / 20)).Kind);     // takes the signal of both
        Assert.Equal(CpuExitKind.Budget, one.Cpu.Run(new CpuBudget(long.MaxValue, Stopwatch.GetTimestamp() + Stopwatch.Frequency / 50)).Kind);
    }

    [SkippableFact]
    public void A_kick_before_a_run_ends_it_before_its_first_instruction()
    {
        using CpuMachine machine = KvmMachine.Endless();
        machine.Cpu.Kick();
        Assert.Equal(CpuExit.KickedAtOnce, KvmMachine.Run(machine));
        Assert.Equal(0u, machine.Registers.Eax);
    }

    [SkippableFact]
    public async Task A_kick_from_another_thread_is_never_lost()
    {
        using CpuMachine machine = KvmMachine.Make();
        machine.Assemble(a => { Label again = a.CreateLabel(); a.Label(ref again); a.inc(__dword_ptr[CpuMachine.Data]); a.jmp(again); });
        for (int i = 0; i < 200; i++)
        {
            uint before = machine.Read32(CpuMachine.Data);
            Task<CpuExit> running = Task.Run(() => machine.Cpu.Run(new CpuBudget(long.MaxValue)));
            if (i % 2 == 0) machine.AwaitChange(CpuMachine.Data, before);
            machine.Cpu.Kick();
            Assert.Equal(CpuExitKind.Kicked, (await running.WaitAsync(KvmMachine.Patience)).Kind);
        }
    }

    [SkippableFact]
    public void A_kick_between_the_halves_of_a_fault_that_only_fills_a_page_is_not_lost()
    {
        CpuMachine? machine = null;
        using CpuMachine made = machine = KvmMachine.Endless(new InterruptingLibC { InBetween = () => machine!.Cpu.Kick() });
        Assert.Equal(CpuExit.Kicked, KvmMachine.Run(made));
        Assert.Equal(CpuMachine.Code, made.Registers.Eip);
    }

    [SkippableFact]
    public void Nor_is_the_end_of_a_budget_of_time()
    {
        long until = Stopwatch.GetTimestamp() + Stopwatch.Frequency / 10;
        using CpuMachine machine = KvmMachine.Endless(new InterruptingLibC { InBetween = () => SpinWait.SpinUntil(() => Stopwatch.GetTimestamp() > until) });
        using Timer rescue = new(_ => machine.Cpu.Kick(), null, KvmMachine.Patience, Timeout.InfiniteTimeSpan);
        Assert.Equal(CpuExit.Budget, machine.Cpu.Run(new CpuBudget(long.MaxValue, until)));
    }

    [SkippableFact]
    public void Signals_between_traps_and_faults_change_nothing()
    {
        using CpuMachine machine = KvmMachine.Make();
        machine.Cpu.SetGatePrivilege(0x80, 3);
        for (uint page = 1; page < 16; page++) machine.Page(CpuMachine.Data + page * GuestMemory.PageSize);
        machine.Assemble(a =>
        {
            Label again = a.CreateLabel();
            a.Label(ref again);
            a.add(esi, GuestMemory.PageSize);
            a.and(esi, 0xF000);
            a.inc(__dword_ptr[esi + (int)CpuMachine.Data]);
            a.inc(ebx);
            a.@int(0x80);
            a.jmp(again);
        });

        // One kick for each trap, at any moment between it and the next: more would let the guest do nothing at all.
        const uint end = 2000;
        uint traps = 0;
        Thread kicker = new(() =>
        {
            uint seen = 0;
            while (seen < end)
            {
                uint now = Volatile.Read(ref traps);
                if (now != seen) machine.Cpu.Kick();
                else Thread.Yield();
                seen = now;
            }
        });
        kicker.Start();
        try
        {
            while (traps < end)
            {
                CpuExit exit = machine.Cpu.Run(new CpuBudget(long.MaxValue));
                if (exit.Kind == CpuExitKind.Kicked) continue;
                Assert.Equal(CpuExit.Trap(0x80), exit);
                Volatile.Write(ref traps, traps + 1);
                Assert.Equal(traps, machine.Registers.Ebx);
                if (traps % 100 == 0) machine.Cpu.FlushAll();
            }
        }
        finally
        {
            uint done = traps;
            Volatile.Write(ref traps, end);
            kicker.Join();
            traps = done;
        }
        Assert.Equal(traps, (uint)Enumerable.Range(0, 16).Sum(page => machine.Read32(CpuMachine.Data + (uint)page * GuestMemory.PageSize)));
    }

    [SkippableFact]
    public async Task Whichever_thread_runs_it_the_guest_goes_on()
    {
        using CpuMachine machine = KvmMachine.Endless();
        uint before = 0;
        for (int i = 0; i < 10; i++)
        {
            await Task.Factory.StartNew(RunFurther, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            Assert.True(machine.Registers.Eax > before);
            before = machine.Registers.Eax;
        }

        // On a busy machine a guest may have come no further when its time is over.
        void RunFurther()
        {
            long end = Stopwatch.GetTimestamp() + (long)KvmMachine.Patience.TotalSeconds * Stopwatch.Frequency;
            do Assert.Equal(CpuExitKind.Budget, machine.Cpu.Run(new CpuBudget(long.MaxValue, Stopwatch.GetTimestamp() + Stopwatch.Frequency / 50)).Kind);
            while (machine.Registers.Eax == before && Stopwatch.GetTimestamp() < end);
        }
    }
}
