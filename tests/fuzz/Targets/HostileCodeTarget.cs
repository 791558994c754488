using LguestPS.Cpu.Emulated;
using LguestPS.Tests.Cpu;

namespace LguestPS.Tests.Fuzz;

/// <summary>Noise as code, descriptors and page tables, of both formats: in chains, compiled and in steps.</summary>
internal sealed class HostileCodeTarget : FuzzTarget
{
    public override string Name => "code";

    public override string Promise => "random code with random descriptors and page tables stays in its pages, and does the same compiled and in steps as in chains";

    public override int CasesInSuite => 100;

    public override string? Try(TapeRandom random)
    {
        int seed = random.Next();
        bool ownTables = random.Chance(50), pae = random.Chance(30);
        Parts += 3;
        string chains = HostileCode.Run(seed, ownTables, (memory, timeStamp) => new EmulatedCpu(memory, timeStamp), pae: pae);
        string compiled = HostileCode.Run(seed, ownTables, (memory, timeStamp) => new EmulatedCpu(memory, timeStamp, 0), pae: pae);
        Observation?.Add(chains);
        if (chains != compiled) return $"compiled code did something else (seed {seed}, own tables {ownTables}, PAE {pae}):\n{First(chains, compiled)}";
        Random pieces = new(seed);
        string steps = HostileCode.Run(seed, ownTables, (memory, timeStamp) => new EmulatedCpu(memory, timeStamp, 2), pae: pae, run: (cpu, budget) => HostileCodeTests.InSteps(cpu, budget, pieces));
        return chains == steps ? null : $"steps did something else (seed {seed}, own tables {ownTables}, PAE {pae}):\n{First(chains, steps)}";
    }

    private static string First(string one, string other)
    {
        (string, string) different = one.Split('\n').Zip(other.Split('\n')).FirstOrDefault(pair => pair.First != pair.Second);
        return $"{different.Item1}\n{different.Item2}";
    }
}
