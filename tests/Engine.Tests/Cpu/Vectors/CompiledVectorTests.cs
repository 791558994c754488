using LguestPS.Cpu.Emulated;
using Xunit;
using Xunit.Abstractions;

namespace LguestPS.Tests.Cpu;

/// <summary>Vector instructions in machine code and in chains of operations: the same registers, memory, MXCSR, flags and faults.</summary>
public class CompiledVectorTests(ITestOutputHelper output)
{
    private const int Longest = 8;

    [SkippableFact]
    public void Sequences_leave_the_same_behind_whether_they_are_compiled_or_not()
    {
        CompiledCodeTests.RequireCompiler();
        var generator = new VectorGenerator(seed: 11);
        using var chains = new VectorMachine();
        using var compiled = new VectorMachine(heat: 0);
        for (int i = 0; i < 30_000; i++)
        {
            int length = 1 + generator.Next(Longest);
            VectorCase[] parts = [.. Enumerable.Range(0, length).Select(_ => generator.Case(VectorGenerator.Encodings[generator.Next(VectorGenerator.Encodings.Count)]))];
            var test = new VectorCase([.. parts.SelectMany(part => part.Code)], parts[0].Test);
            VectorOutcome expected = chains.Run(test, length), actual = compiled.Run(test, length);
            if (!IsSame(expected, actual) || chains.Instructions != compiled.Instructions)
                Assert.Fail($"{string.Join("; ", parts.Select(part => part.Instruction))}\n{test.Describe()}\n  chains {Text(expected)}\n  compiled {Text(actual)}");
        }

        output.WriteLine($"{compiled.CompiledInstructions} of {compiled.Instructions} instructions compiled");
        Assert.InRange(compiled.CompiledInstructions, compiled.Instructions / 4, compiled.Instructions);
    }

    private static bool IsSame(in VectorOutcome x, in VectorOutcome y) =>
        (x.Trap, x.Eax, x.Ecx, x.Edx, x.Eflags) == (y.Trap, y.Eax, y.Ecx, y.Edx, y.Eflags)
        && ((ReadOnlySpan<byte>)x.Operand).SequenceEqual(y.Operand) && ((ReadOnlySpan<byte>)x.State).SequenceEqual(y.State);

    private static string Text(in VectorOutcome outcome) =>
        $"trap {outcome.Trap:x} eax {outcome.Eax:x} ecx {outcome.Ecx:x} edx {outcome.Edx:x} eflags {outcome.Eflags:x} operand {Convert.ToHexString(outcome.Operand)}\n      {VectorCase.Describe(outcome.State)}";
}
