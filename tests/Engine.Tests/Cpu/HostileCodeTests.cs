using CsCheck;
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
}
