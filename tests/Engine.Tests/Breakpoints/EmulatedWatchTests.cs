using Iced.Intel;
using LguestPS.Cpu;
using LguestPS.Tests.Cpu;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Breakpoints;

/// <summary>The emulated CPU, and what of it can only be seen by counting instructions.</summary>
public sealed class EmulatedWatchTests : WatchTests
{
    private protected override CpuMachine Machine() => new();

    [Fact]
    public void Code_that_was_translated_and_linked_before_is_watched_too()
    {
        using CpuMachine machine = new();
        machine.Assemble(a =>
        {
            Label again = a.CreateLabel();
            a.Label(ref again);
            a.inc(eax);
            a.dec(ecx);
            a.jnz(again);
            a.int3();
        });
        machine.Registers.Ecx = 1000;
        Assert.Equal(CpuExitKind.Budget, machine.Run(300).Kind);

        machine.Cpu.Watch([new WatchRange(CpuMachine.Code + 1, 1, MemoryAccess.Execute)]);
        for (uint left = 900; left > 890; left--)
        {
            Assert.Equal(CpuExitKind.Watched, machine.Run().Kind);
            Assert.Equal(left, machine.Registers.Ecx);
        }
        machine.Cpu.Watch([]);
        Assert.Equal(CpuExitKind.Trap, machine.Run().Kind);
        Assert.Equal((1000u, 0u), (machine.Registers.Eax, machine.Registers.Ecx));
    }
}
