using CsCheck;
using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;
using Xunit;

namespace LguestPS.Tests.Cpu;

/// <summary>No code, descriptors or page tables make the CPU throw or reach what the tables do not give it.</summary>
public class HostileCodeTests
{
    [Fact]
    public void Random_code_stays_in_its_pages() =>
        Gen.Int.Sample(seed => HostileCode.Run(seed, ownTables: false, (memory, timeStamp) => new EmulatedCpu(memory, timeStamp)), iter: 300, threads: 1);

    [Fact]
    public void Random_code_that_can_write_its_page_tables_ends_in_exits() =>
        Gen.Int.Sample(seed => HostileCode.Run(seed, ownTables: true, (memory, timeStamp) => new EmulatedCpu(memory, timeStamp)), iter: 300, threads: 1);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Random_code_on_page_tables_of_PAE_does_no_more(bool ownTables) =>
        Gen.Int.Sample(seed => HostileCode.Run(seed, ownTables, (memory, timeStamp) => new EmulatedCpu(memory, timeStamp), pae: true), iter: 300, threads: 1);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Random_code_does_the_same_in_steps_as_in_one_go(bool ownTables) =>
        Gen.Int.Sample(
            seed =>
            {
                string whole = HostileCode.Run(seed, ownTables, (memory, timeStamp) => new EmulatedCpu(memory, timeStamp));
                var random = new Random(seed);
                string steps = HostileCode.Run(
                    seed, ownTables, (memory, timeStamp) => new EmulatedCpu(memory, timeStamp), run: (cpu, budget) => InSteps(cpu, budget, random));
                Assert.Equal(whole, steps);
            },
            iter: 200,
            threads: 1);

    internal static CpuExit InSteps(VirtualCpu cpu, int budget, Random random)
    {
        long end = cpu.InstructionCount + budget;
        CpuExit exit = CpuExit.Budget;
        while (exit == CpuExit.Budget && cpu.InstructionCount < end)
            exit = cpu.Run(new CpuBudget(Math.Min(random.Next(1, 5), end - cpu.InstructionCount)));
        return exit;
    }
}
