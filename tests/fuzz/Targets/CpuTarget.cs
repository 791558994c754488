using System.Runtime.InteropServices;
using LguestPS.Cpu.Kvm;
using LguestPS.Tests.Cpu;
using LguestPS.Tests.Cpu.Kvm;

namespace LguestPS.Tests.Fuzz;

/// <summary>Short sequences of instructions, each from several states, in chains, compiled, and on the processor of this machine.</summary>
internal sealed class CpuTarget : FuzzTarget
{
    private const int MostSequences = 32, MostStates = 31;

    private readonly Lazy<OracleFixture> fixture = new(() => new OracleFixture());
    private readonly List<(TestCase Test, Outcome Chains, Outcome Compiled, Outcome? Kvm)> batch = [];
    private readonly List<OracleTest> asked = [];
    private DifferentialMachine? chains, compiled, kvm;

    public override string Name => "cpu";

    public override string Promise => "an instruction does on the emulated CPU, in chains and compiled, what it does on this processor";

    public override string? WhyNot => fixture.Value.WhyNot;

    public override string? TakesPart =>
        $"chains, compiled code, this processor and {(KvmTakesPart ? $"KVM ({KvmHost.Verdict.State})" : $"not KVM: {KvmHost.Verdict.Reason}")}";

    public override int CasesInSuite => 30;

    /// <summary>A KVM that only emulates is a judge of nothing; whoever wants to see what it does asks for it.</summary>
    private static bool KvmTakesPart => KvmHost.Verdict.State == KvmState.Ready
        || (KvmHost.Verdict.State != KvmState.Unavailable && Environment.GetEnvironmentVariable("LGUEST_FUZZ_KVM") == "1");

    public override string? Try(TapeRandom random)
    {
        Oracle oracle = fixture.Value.Oracle!;
        chains ??= new DifferentialMachine(SnippetGenerator.Data(), SnippetGenerator.Segments, oracle.Selectors);
        compiled ??= new DifferentialMachine(SnippetGenerator.Data(), SnippetGenerator.Segments, oracle.Selectors, heat: 0);
        if (KvmTakesPart) kvm ??= new DifferentialMachine(SnippetGenerator.Data(), SnippetGenerator.Segments, oracle.Selectors, make: (memory, timeStamp) => KvmHost.Make(memory, timeStamp));
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
        kvm?.Dispose();
        if (fixture.IsValueCreated) fixture.Value.Dispose();
    }

    /// <summary>Runs the next sequence on the emulated CPUs, from as many states as the tape says: its translations stay.</summary>
    private string? RunSequence(TapeRandom random, SnippetGenerator generator)
    {
        TestCase test = generator.Next();
        OracleTest question = test.ForOracle();
        chains!.Place(test);
        compiled!.Place(test);
        kvm?.Place(test);
        try
        {
            for (int left = random.Next(MostStates + 1); ; left--)
            {
                Outcome? one = chains.RunPlaced(test), other = compiled.RunPlaced(test);
                Parts++;
                if (one is null != other is null) return $"ends in {(one is null ? "compiled code" : "chains")} only\n{test.Disassembly()}";
                if (one is not null && other is not null && !DifferentialTests.TouchesOracle(one))
                {
                    batch.Add((test, one, other, kvm?.RunPlaced(test)));
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
            kvm?.Remove(test);
        }
    }

    private string? Compare(Outcome[] truth)
    {
        for (int i = 0; i < truth.Length; i++)
        {
            (TestCase test, Outcome one, Outcome other, Outcome? third) = batch[i];
            Note(one);
            if (DifferentialTests.KnowsMore(truth[i])) continue;
            if (Judge.Difference(test, one, truth[i]) is { } inChains) return $"chains: {Judge.Report(test, inChains, one, truth[i])}";
            if (Judge.Difference(test, other, truth[i]) is { } inCode) return $"compiled: {Judge.Report(test, inCode, other, truth[i])}";
            if (third is not null && Judge.Difference(test, third, truth[i]) is { } onKvm) return $"KVM: {Judge.Report(test, onKvm, third, truth[i])}";
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
