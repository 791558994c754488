using LguestPS.Tests.Cpu;

namespace LguestPS.Tests.Fuzz;

/// <summary>Short sequences of instructions, in chains, compiled, and on the processor of this machine.</summary>
internal sealed class CpuTarget : FuzzTarget
{
    private readonly OracleFixture fixture = new();
    private readonly DifferentialMachine? chains, compiled;

    public CpuTarget()
    {
        if (fixture.Oracle is not { } oracle) return;
        chains = new DifferentialMachine(SnippetGenerator.Data(), SnippetGenerator.Segments, oracle.Selectors);
        compiled = new DifferentialMachine(SnippetGenerator.Data(), SnippetGenerator.Segments, oracle.Selectors, heat: 0);
    }

    public override string Name => "cpu";

    public override string Promise => "an instruction does on the emulated CPU, in chains and compiled, what it does on this processor";

    public override string? WhyNot => fixture.WhyNot;

    public override int CasesInSuite => 60;

    public override string? Try(TapeRandom random)
    {
        SnippetGenerator generator = new(random, fixture.Oracle!.Selectors);
        List<(TestCase Test, Outcome Chains, Outcome Compiled)> batch = [];
        for (int left = 1 + random.Next(256); left > 0; left--)
        {
            TestCase test = generator.Next();
            Outcome? one = chains!.Run(test), other = compiled!.Run(test);
            Parts++;
            if (one is null != other is null) return $"ends in {(one is null ? "compiled code" : "chains")} only\n{test.Disassembly()}";
            if (one is null || other is null || DifferentialTests.TouchesOracle(one)) continue;
            batch.Add((test, one, other));
        }

        Outcome[] truth = fixture.Oracle.Run(batch.Select(each => each.Test.ForOracle()).ToArray());
        foreach (((TestCase test, Outcome one, Outcome other), Outcome real) in batch.Zip(truth))
        {
            if (DifferentialTests.KnowsMore(real)) continue;
            if (Judge.Difference(test, one, real) is { } inChains) return $"chains: {Judge.Report(test, inChains, one, real)}";
            if (Judge.Difference(test, other, real) is { } inCode) return $"compiled: {Judge.Report(test, inCode, other, real)}";
        }
        return null;
    }

    public override void Dispose()
    {
        chains?.Dispose();
        compiled?.Dispose();
        fixture.Dispose();
    }
}
