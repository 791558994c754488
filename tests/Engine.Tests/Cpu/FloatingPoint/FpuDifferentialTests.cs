using System.Text;
using LguestPS.Cpu.Emulated;
using Xunit;

namespace LguestPS.Tests.Cpu;

/// <summary>The emulated x87 against the one of the processor this runs on, instruction by instruction, bit by bit.</summary>
public class FpuDifferentialTests(FpuOracle oracle) : IClassFixture<FpuOracle>
{
    private const int Batches = 8;

    [SkippableTheory]
    [InlineData(0xD8)]
    [InlineData(0xD9)]
    [InlineData(0xDA)]
    [InlineData(0xDB)]
    [InlineData(0xDC)]
    [InlineData(0xDD)]
    [InlineData(0xDE)]
    [InlineData(0xDF)]
    public void Instructions_do_what_the_processor_does(int first)
    {
        oracle.Require();
        var generator = new FpuGenerator(first);
        int[] seconds = [.. Enumerable.Range(0, 256).Where(second => second >= 0xC0 ? IsExactRegisterForm(first, second) : IsOperandForm(first, second))];
        var cases = new List<FpuCase>();
        while (cases.Count < Batches * FpuOracle.MaxBatch)
        {
            int second = seconds[generator.Next(seconds.Length)];
            cases.Add(new FpuCase([(byte)first, (byte)second], generator.Registers(), generator.Operand(first, second >> 3 & 7), generator.Eflags())
            {
                UndefinedStatus = LeavesC1ToTheVendor(first, second) ? StatusWord.C1 : (ushort)0,
            });
        }

        Compare(cases);
    }

    private void Compare(List<FpuCase> cases)
    {
        using var machine = new FpuMachine();
        var differences = new Dictionary<string, (int Count, string First)>();
        foreach (FpuCase[] batch in cases.Chunk(FpuOracle.MaxBatch))
        {
            FpuOutcome[] expected = oracle.Run([.. batch.Select(c => c.ForOracle())]);
            for (int i = 0; i < batch.Length; i++)
            {
                FpuOutcome actual = machine.Run(batch[i]);
                if (Difference(batch[i], expected[i], actual) is not { } difference) continue;
                string key = Convert.ToHexString(batch[i].Code);
                (int count, string text) = differences.GetValueOrDefault(key, (0, $"{batch[i].Describe()}\n{difference}"));
                differences[key] = (count + 1, text);
            }
        }

        if (differences.Count == 0) return;
        var report = new StringBuilder();
        foreach ((string code, (int count, string text)) in differences) report.Append($"{count} times: {text}\n");
        Assert.Fail(report.ToString());
    }

    private static string? Difference(FpuCase test, FpuOutcome expected, FpuOutcome actual)
    {
        var processor = FpuRegisters.FromImage(expected.State);
        var emulated = FpuRegisters.FromImage(actual.State);
        ushort status = (ushort)~test.UndefinedStatus;
        bool same = processor.Control == emulated.Control && (processor.Status & status) == (emulated.Status & status)
            && processor.Tags == emulated.Tags && processor.St.AsSpan().SequenceEqual(emulated.St)
            && (expected.Eflags & SnippetGenerator.Arithmetic) == (actual.Eflags & SnippetGenerator.Arithmetic)
            && expected.Eax == actual.Eax && ((ReadOnlySpan<byte>)expected.Operand).SequenceEqual(actual.Operand);
        return same ? null
            : $"  processor eax {expected.Eax:x} eflags {expected.Eflags:x} operand {Convert.ToHexString(expected.Operand)}\n      {processor}\n"
            + $"  emulated  eax {actual.Eax:x} eflags {actual.Eflags:x} operand {Convert.ToHexString(actual.Operand)}\n      {emulated}";
    }

    /// <summary>Everything but transcendental functions and what does not exist.</summary>
    private static bool IsExactRegisterForm(int first, int second) => first switch
    {
        0xD9 => second is < 0xD0 or 0xD0 or >= 0xD8 and < 0xE2 or 0xE4 or 0xE5 or >= 0xE8 and < 0xEF or 0xF4 or 0xF5 or 0xF6 or 0xF7 or 0xF8 or 0xFA or 0xFC or 0xFD,
        0xDA => second is < 0xE0 or 0xE9,
        0xDB => second is < 0xE0 or 0xE0 or 0xE1 or 0xE2 or 0xE3 or 0xE4 or >= 0xE8 and < 0xF8,
        0xDD => second is < 0xF0,
        0xDE => second is < 0xD8 or 0xD9 or >= 0xE0,
        0xDF => second is < 0xE1 or >= 0xE8 and < 0xF8,
        _ => true,
    };

    /// <summary>fcmovcc, fcomi and fucomi: Intel's clear C1, AMD's do not.</summary>
    private static bool LeavesC1ToTheVendor(int first, int second) => first switch
    {
        0xDA => second is >= 0xC0 and < 0xE0,
        0xDB => second is >= 0xC0 and < 0xE0 or >= 0xE8,
        0xDF => second >= 0xE8,
        _ => false,
    };

    /// <summary>Memory operands of up to 10 bytes, addressed by ebx.</summary>
    private static bool IsOperandForm(int first, int second) => (second & 0xC7) == 3 && (first, second >> 3) switch
    {
        (0xD9, 1 or 4 or 6) => false,
        (0xDB, 1 or 4 or 6) => false,
        (0xDD, 1 or 4 or 5 or 6) => false,
        (0xDF, 1) => false,
        _ => true,
    };
}
