using System.Runtime.InteropServices;
using LguestPS.Tests.Cpu;

namespace LguestPS.Tests.Fuzz;

/// <summary>Short sequences of instructions, each from several states, in chains, compiled, and on the processor of this machine.</summary>
internal sealed class CpuTarget : FuzzTarget
{
    private const int MostSequences = 32, MostStates = 31;

    private readonly Lazy<OracleFixture> fixture = new(() => new OracleFixture());
    private readonly List<(TestCase Test, Outcome Chains, Outcome Compiled)> batch = [];
    private readonly List<OracleTest> asked = [];
    private DifferentialMachine? chains, compiled;

    public override string Name => "cpu";

    public override string Promise => "an instruction does on the emulated CPU, in chains and compiled, what it does on this processor";

    public override string? WhyNot => fixture.Value.WhyNot;

    public override int CasesInSuite => 30;

    public override string? Try(TapeRandom random)
    {
        Oracle oracle = fixture.Value.Oracle!;
        chains ??= new DifferentialMachine(SnippetGenerator.Data(), SnippetGenerator.Segments, oracle.Selectors);
        compiled ??= new DifferentialMachine(SnippetGenerator.Data(), SnippetGenerator.Segments, oracle.Selectors, heat: 0);
        SnippetGenerator generator = new(random, oracle.Selectors);
        batch.Clear();
        asked.Clear();
        for (int left = 1 + random.Next(MostSequences); left > 0; left--)
            if (RunSequence(random, generator) is { } problem) return problem;
        return Compare(oracle.Run(CollectionsMarshal.AsSpan(asked)));
    }

    public override void Dispose()
    {
        chains?.Dispose();
        compiled?.Dispose();
        if (fixture.IsValueCreated) fixture.Value.Dispose();
    }

    /// <summary>Runs the next sequence on the emulated CPUs, from as many states as the tape says: its translations stay.</summary>
    private string? RunSequence(TapeRandom random, SnippetGenerator generator)
    {
        TestCase test = generator.Next();
        OracleTest question = test.ForOracle();
        chains!.Place(test);
        compiled!.Place(test);
        try
        {
            for (int left = random.Next(MostStates + 1); ; left--)
            {
                Outcome? one = chains.RunPlaced(test), other = compiled.RunPlaced(test);
                Parts++;
                if (one is null != other is null) return $"ends in {(one is null ? "compiled code" : "chains")} only\n{test.Disassembly()}";
                if (one is not null && other is not null && !DifferentialTests.TouchesOracle(one))
                {
                    batch.Add((test, one, other));
                    asked.Add(test.ForOracle(question));
                }
                if (left <= 0) return null;
                test = generator.Again(test);
            }
        }
        finally
        {
            chains.Remove(test);
            compiled.Remove(test);
        }
    }

    private string? Compare(Outcome[] truth)
    {
        for (int i = 0; i < truth.Length; i++)
        {
            (TestCase test, Outcome one, Outcome other) = batch[i];
            Note(one);
            if (DifferentialTests.KnowsMore(truth[i])) continue;
            if (Judge.Difference(test, one, truth[i]) is { } inChains) return $"chains: {Judge.Report(test, inChains, one, truth[i])}";
            if (Judge.Difference(test, other, truth[i]) is { } inCode) return $"compiled: {Judge.Report(test, inCode, other, truth[i])}";
        }
        return null;
    }

    private void Note(Outcome outcome)
    {
        if (Observation is null) return;
        OutcomeHead head = outcome.Head;
        Observation.Add(MemoryMarshal.AsBytes(new ReadOnlySpan<OutcomeHead>(in head)));
        Observation.Add(outcome.Changed);
    }
}
