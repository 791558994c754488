using Xunit;

namespace LguestPS.Tests.Cpu.RootCauses;

/// <summary>What emulators were found to get wrong of faults, page tables and segments, by name: on the emulated CPU in chains and compiled, and on this machine's processor.</summary>
public class RootCauseTests(RootCauseFixture fixture) : IClassFixture<RootCauseFixture>
{
    /// <summary>So many runs of the same code: with translations unknown, known, and the code compiled and linked.</summary>
    private const int Runs = 3;

    public static TheoryData<string> Names => new(cases.Keys);

    private static readonly Dictionary<string, RootCause> cases = RootCauseList.All.ToDictionary(cause => cause.Name);

    [Theory]
    [MemberData(nameof(Names))]
    public void The_emulated_CPU_keeps_the_rule(string name)
    {
        RootCause cause = cases[name];
        TestCase test = cause.Make(DifferentialMachine.LocalSelector);
        foreach ((string way, DifferentialMachine machine) in fixture.Machines)
        {
            for (int run = 0; run < Runs; run++)
            {
                Outcome? outcome = machine.Run(test with { FlushFirst = run == 0 });
                Assert.NotNull(outcome);
                string? difference = Difference(cause, test, outcome, DifferentialMachine.LocalSelector, strict: true);
                Assert.True(difference is null, $"{way}, run {run}: {difference}\n{test.Disassembly()}");
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Names))]
    public void This_machines_processor_keeps_the_rule(string name)
    {
        RootCause cause = cases[name];
        Oracle oracle = fixture.Require();
        TestCase test = cause.Make(Oracle.LocalSelector);
        Outcome outcome = oracle.Run([test.ForOracle()])[0];
        string? difference = Difference(cause, test, outcome, Oracle.LocalSelector, strict: false);
        Assert.True(difference is null, $"{difference}\n{test.Disassembly()}");
    }

    /// <summary>What is not as the rule has it.</summary>
    private static string? Difference(RootCause cause, TestCase test, Outcome outcome, Func<int, ushort> selector, bool strict)
    {
        OutcomeHead seen = outcome.Head;
        uint error = cause.ErrorSegment is { } segment ? selector(segment) & ~3u : cause.Error;
        uint seenError = seen.Trap == RootCause.Pf ? seen.Error & ~0x10u : seen.Error;         // a processor with NX says that it was fetching
        if (!strict && seen.Trap == cause.OtherTrap) return null;
        if (seen.Trap != cause.Trap) return $"trap {seen.Trap} ({seenError:x} {seen.Address:x8} at {seen.Eip:x8}) instead of {cause.Trap}";
        if (!strict && cause.ProcessorsDiffer is not null) return null;
        if (cause.Trap != RootCause.NoFault && seenError != error) return $"error code {seenError:x} instead of {error:x}";
        if (cause.Trap == RootCause.Pf && seen.Address != cause.Address) return $"address {seen.Address:x8} instead of {cause.Address:x8}";
        uint at = test.Eip + (uint)(cause.At ?? (cause.Trap == RootCause.NoFault ? cause.Code.Length + 1 : test.LastInstruction));
        if (seen.Eip != at) return $"eip {seen.Eip:x8} instead of {at:x8}";

        uint[] expected = [.. test.Gpr];
        foreach ((Gpr register, uint value) in cause.Changes) expected[(int)register] = value;
        for (int i = 0; i < expected.Length; i++)
            if (seen.Gpr[i] != expected[i] && !(cause.Trap == RootCause.NoFault && cause.Changes.Length == 0)) return $"{(Gpr)i} {seen.Gpr[i]:x8} instead of {expected[i]:x8}";
        uint flags = cause.Flags ?? cause.Eflags & SnippetGenerator.Arithmetic;
        if (cause.Trap != RootCause.NoFault && (seen.Eflags & SnippetGenerator.Arithmetic) != flags) return $"flags {seen.Eflags & SnippetGenerator.Arithmetic:x} instead of {flags:x}";
        if (!cause.Stores && outcome.Changed.Length > 0 && !(cause.ChangesX87 && BitConverter.ToUInt16(outcome.Changed) >= Oracle.ImageOffset)) return $"memory changed: {Convert.ToHexString(outcome.Changed)}";
        return null;
    }
}
