using System.Text;
using LguestPS.Cpu.Emulated;
using Xunit;

namespace LguestPS.Tests.Cpu;

/// <summary>The emulated x87 against the one of the processor this runs on, instruction by instruction, bit by bit.</summary>
public class FpuDifferentialTests(FpuOracle oracle) : IClassFixture<FpuOracle>
{
    private const int Batches = 8;

    /// <summary>In units of the last place of an extended number.</summary>
    private const int UlpOfDouble = 1 << 11;

    [SkippableTheory]
    [InlineData(0xD8, null)]
    [InlineData(0xD8, 0)]
    [InlineData(0xD9, null)]
    [InlineData(0xD9, 0)]
    [InlineData(0xDA, null)]
    [InlineData(0xDA, 0)]
    [InlineData(0xDB, null)]
    [InlineData(0xDB, 0)]
    [InlineData(0xDC, null)]
    [InlineData(0xDC, 0)]
    [InlineData(0xDD, null)]
    [InlineData(0xDD, 0)]
    [InlineData(0xDE, null)]
    [InlineData(0xDE, 0)]
    [InlineData(0xDF, null)]
    [InlineData(0xDF, 0)]
    public void Instructions_do_what_the_processor_does(int first, int? heat)
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

        Compare(cases, heat);
    }

    [SkippableTheory]
    [InlineData(0xF0, -70, 0)]              // f2xm1
    [InlineData(0xF1, -200, 200)]           // fyl2x
    [InlineData(0xF2, -70, 63)]             // fptan
    [InlineData(0xF3, -200, 200)]           // fpatan
    [InlineData(0xF9, -70, -2)]             // fyl2xp1
    [InlineData(0xFB, -70, 63)]             // fsincos
    [InlineData(0xFE, -70, 63)]             // fsin
    [InlineData(0xFF, -70, 63)]             // fcos
    public void Transcendental_functions_are_right_to_the_last_bit_of_a_double(int second, int smallest, int largest)
    {
        oracle.Require();
        var generator = new FpuGenerator(second);
        var cases = new List<FpuCase>();
        while (cases.Count < Batches * FpuOracle.MaxBatch)
        {
            FpuRegisters before = generator.Registers();
            if (generator.Next(100) < 70) before.St[0] = generator.Moderate(smallest, largest);
            if (second == 0xF1 && generator.Next(100) < 60) before.St[0] = before.St[0].Magnitude;
            if (generator.Next(100) < 50) before.St[1] = generator.Moderate(-10, 10);
            if (IsUndefined(second, before.St[0])) continue;
            cases.Add(new FpuCase([0xD9, (byte)second], before, new byte[16], generator.Eflags()) { Results = Results(second), UndefinedStatus = StatusWord.C1 });
        }

        Compare(cases, heat: null);
    }

    /// <summary>Beyond the range that the manuals give.</summary>
    private static bool IsUndefined(int second, Float80 top) => second switch
    {
        0xF0 => top.IsNormal && (top.Exponent > 0x3FFF || top.Magnitude.Significand > Float80.IntegerBit && top.Exponent == 0x3FFF),
        0xF9 => top.IsNormal && top.Exponent >= 0x3FFD,
        _ => false,
    };

    /// <summary>How many registers from st(0) on hold results.</summary>
    private static int Results(int second) => second is 0xF2 or 0xFB ? 2 : 1;

    private void Compare(List<FpuCase> cases, int? heat)
    {
        using var machine = new FpuMachine(heat);
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
            && processor.Tags == emulated.Tags && SameNumbers(processor.St, emulated.St, test.Results)
            && (expected.Eflags & SnippetGenerator.Arithmetic) == (actual.Eflags & SnippetGenerator.Arithmetic)
            && expected.Eax == actual.Eax && ((ReadOnlySpan<byte>)expected.Operand).SequenceEqual(actual.Operand);
        return same ? null
            : $"  processor eax {expected.Eax:x} eflags {expected.Eflags:x} operand {Convert.ToHexString(expected.Operand)}\n      {processor}\n"
            + $"  emulated  eax {actual.Eax:x} eflags {actual.Eflags:x} operand {Convert.ToHexString(actual.Operand)}\n      {emulated}";
    }

    /// <summary>The first so many may differ by what a double cannot show; the others must be equal.</summary>
    private static bool SameNumbers(Float80[] processor, Float80[] emulated, int results)
    {
        for (int i = 0; i < 8; i++)
            if (processor[i] != emulated[i] && (i >= results || !IsClose(processor[i], emulated[i]))) return false;
        return true;
    }

    private static bool IsClose(Float80 x, Float80 y)
    {
        if (x.IsNegative != y.IsNegative || x.Exponent == Float80.MaxExponent || y.Exponent == Float80.MaxExponent) return false;
        Int128 distance = ((Int128)x.Exponent << 63 | x.Significand & ~Float80.IntegerBit) - ((Int128)y.Exponent << 63 | y.Significand & ~Float80.IntegerBit);
        return Int128.Abs(distance) <= UlpOfDouble;
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
        (0xDB, 4 or 6) => false,
        (0xDD, 4 or 5 or 6) => false,
        _ => true,
    };
}
