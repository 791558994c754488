using System.Diagnostics;
using Iced.Intel;
using LguestPS.Cpu;
using LguestPS.Cpu.Kvm;
using LguestPS.Tests.Breakpoints;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Cpu.Kvm;

/// <summary>KVM comes out for the same addresses, in the same places, and without emulating all the rest.</summary>
[Trait("Cpu", "kvm")]
public sealed class KvmWatchTests : WatchTests
{
    private const uint Rounds = 200_000;

    private protected override CpuMachine Machine()
    {
        KvmHost.Require();
        return new CpuMachine(make: (memory, timeStamp) => KvmHost.Make(memory, timeStamp));
    }

    /// <summary>The same on the emulated CPU that takes over for a while.</summary>
    [Trait("Cpu", "kvm")]
    public sealed class OnTheEmulatedCpu : WatchTests
    {
        private protected override CpuMachine Machine() => Watched(WatchMeans.EmulatedCpu);
    }

    [SkippableFact]
    public void Only_what_touches_a_watched_page_is_emulated()
    {
        using CpuMachine machine = Looping();
        const uint other = 0x20000000;
        machine.Page(other);
        machine.Cpu.Watch([new WatchRange(CpuMachine.Data, 4, MemoryAccess.Write)]);
        Assert.Equal(CpuExitKind.Watched, Run(machine).Kind);
        Assert.Equal(Rounds, machine.Read32(CpuMachine.Data));
        AssertFewEmulated(machine);
    }

    [SkippableFact]
    public void Up_to_four_instructions_are_watched_by_the_processor()
    {
        KvmHost.RequireDebugRegisters();
        using CpuMachine machine = Looping();
        uint store = CpuMachine.Code + 8;
        machine.Cpu.Watch([new WatchRange(store, 1, MemoryAccess.Execute), .. Enumerable.Range(0, 3).Select(i => new WatchRange(0x30000000 + (uint)i, 1, MemoryAccess.Execute))]);
        CpuExit exit = Run(machine);
        Assert.Equal((CpuExitKind.Watched, store, false), (exit.Kind, exit.Watched?.Address ?? 0, exit.RanNothing));
        Assert.Equal((Rounds, store), (machine.Registers.Eax, machine.Registers.Eip));
        AssertFewEmulated(machine);
        Assert.Equal(Vector.Breakpoint, Run(machine).Vector);
        Assert.Equal(Rounds, machine.Read32(CpuMachine.Data));
    }

    [SkippableFact]
    public void The_guests_own_tracing_reaches_it_while_debug_registers_are_in_use()
    {
        using CpuMachine machine = Watched(WatchMeans.PagesAndDebugRegisters);
        machine.Assemble(a =>
        {
            a.inc(eax);
            a.inc(eax);
            a.inc(eax);
        });
        machine.Registers.Eflags |= Eflags.Trap;
        machine.Cpu.Watch([new WatchRange(0x30000000, 1, MemoryAccess.Execute)]);
        for (uint done = 1; done <= 2; done++)
        {
            Assert.Equal(CpuExit.Trap(Vector.Debug), Run(machine));
            Assert.Equal((done, CpuMachine.Code + done), (machine.Registers.Eax, machine.Registers.Eip));
            Assert.NotEqual(0u, machine.Registers.Eflags & Eflags.Trap);
        }
    }

    [SkippableFact]
    public void A_page_is_as_before_when_it_is_no_longer_watched()
    {
        using CpuMachine machine = Looping();
        machine.Cpu.Watch([new WatchRange(CpuMachine.Data + 4, 4, MemoryAccess.Read | MemoryAccess.Write)]);
        Assert.Equal(Vector.Breakpoint, Run(machine).Vector);
        Assert.Equal(Rounds, machine.Read32(CpuMachine.Data));
        machine.Cpu.Watch([]);
        long before = ((KvmCpu)machine.Cpu).EmulatedInstructions;
        machine.Registers.Eip = CpuMachine.Code + 8;
        machine.Registers.Eax = 5;
        Assert.Equal(Vector.Breakpoint, Run(machine).Vector);
        Assert.Equal(5u, machine.Read32(CpuMachine.Data));
        if (KvmHost.Verdict.State == KvmState.Ready) Assert.Equal(before, ((KvmCpu)machine.Cpu).EmulatedInstructions);
    }

    private static CpuMachine Watched(WatchMeans means)
    {
        KvmHost.Require();
        return new CpuMachine(make: (memory, timeStamp) => new KvmCpu(memory, timeStamp, KvmHost.LibC, KvmHost.Assistance) { FindMeans = () => means });
    }

    /// <summary>Counts in eax, then stores the count at <see cref="CpuMachine.Data"/>.</summary>
    private CpuMachine Looping()
    {
        CpuMachine machine = Machine();
        machine.Cpu.SetGatePrivilege(Vector.Breakpoint, 3);
        machine.Assemble(a =>
        {
            Label again = a.CreateLabel();
            a.mov(ecx, Rounds);
            a.Label(ref again);
            a.inc(eax);
            a.loop(again);
            a.mov(__dword_ptr[CpuMachine.Data], eax);
            a.int3();
        });
        return machine;
    }

    private static void AssertFewEmulated(CpuMachine machine) => Assert.InRange(((KvmCpu)machine.Cpu).EmulatedInstructions, 0, 10);

    private static CpuExit Run(CpuMachine machine) => machine.Cpu.Run(new CpuBudget(long.MaxValue, Stopwatch.GetTimestamp() + 60 * Stopwatch.Frequency));
}
