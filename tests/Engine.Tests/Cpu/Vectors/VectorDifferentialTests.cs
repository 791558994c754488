using System.Buffers.Binary;
using System.Text;
using Iced.Intel;
using Xunit;

namespace LguestPS.Tests.Cpu;

/// <summary>The emulated MMX and SSE against the processor this runs on: registers, memory, MXCSR and faults, bit by bit.</summary>
public class VectorDifferentialTests(VectorOracle oracle) : IClassFixture<VectorOracle>
{
    private const int CasesOfEach = 256;

    [SkippableTheory]
    [InlineData(1, null)]
    [InlineData(2, null)]
    [InlineData(3, null)]
    [InlineData(4, null)]
    [InlineData(5, 0)]
    [InlineData(6, 0)]
    public void Instructions_do_what_the_processor_does(int seed, int? heat)
    {
        oracle.Require();
        var generator = new VectorGenerator(seed);
        var cases = new List<VectorCase>();
        foreach (VectorEncoding encoding in VectorGenerator.Encodings)
            for (int i = 0; i < CasesOfEach; i++) cases.Add(generator.Case(encoding));
        Compare(cases, heat);
    }

    [Fact]
    public void The_generator_finds_every_instruction_of_the_five_extensions()
    {
        IEnumerable<Code> found = VectorGenerator.Encodings.SelectMany(Codes);
        IEnumerable<Code> all = Enum.GetValues<Code>().Where(VectorGenerator.IsOfVectors).Where(code => !IsFenceByAnotherName(code));
        Assert.Equal(all.Select(code => code.ToString()).Order(), found.Distinct().Select(code => code.ToString()).Order());
    }

    /// <summary>The decoder tells the fences apart by bits that no processor looks at.</summary>
    private static bool IsFenceByAnotherName(Code code) =>
        code.Mnemonic() is Mnemonic.Lfence or Mnemonic.Mfence or Mnemonic.Sfence && code.ToString().Contains('_');

    private static IEnumerable<Code> Codes(VectorEncoding encoding)
    {
        int extension = (encoding.Extension ?? 0) << 3;
        if (encoding.HasRegisterForm) yield return VectorCase.Decode(encoding.Bytes(0xC0 | extension)).Code;
        if (encoding.HasMemoryForm) yield return VectorCase.Decode(encoding.Bytes(3 | extension)).Code;
    }

    private void Compare(List<VectorCase> cases, int? heat)
    {
        using var machine = new VectorMachine(heat);
        var differences = new Dictionary<string, (int Count, string First)>();
        foreach (VectorCase[] batch in cases.Chunk(VectorOracle.MaxBatch))
        {
            VectorOutcome[] expected = oracle.Run([.. batch.Select(c => c.Test)]);
            for (int i = 0; i < batch.Length; i++)
            {
                VectorOutcome actual = machine.Run(batch[i]);
                if (Difference(batch[i], expected[i], actual) is not { } difference) continue;
                string key = batch[i].Instruction.Code.ToString();
                (int count, string text) = differences.GetValueOrDefault(key, (0, $"{batch[i].Describe()}\n{difference}"));
                differences[key] = (count + 1, text);
            }
        }

        if (differences.Count == 0) return;
        var report = new StringBuilder($"{differences.Count} instructions\n");
        foreach ((string _, (int count, string text)) in differences) report.Append($"{count} times: {text}\n");
        Assert.Fail(report.ToString());
    }

    private static string? Difference(VectorCase test, VectorOutcome expected, VectorOutcome actual)
    {
        bool same = expected.Trap == actual.Trap && expected.Eax == actual.Eax && expected.Ecx == actual.Ecx && expected.Edx == actual.Edx
            && (expected.Eflags & SnippetGenerator.Arithmetic) == (actual.Eflags & SnippetGenerator.Arithmetic)
            && ((ReadOnlySpan<byte>)expected.Operand).SequenceEqual(actual.Operand)
            && SameStates(test.Instruction.Mnemonic, expected.State, actual.State);
        return same ? null
            : $"  processor trap {expected.Trap:x} eax {expected.Eax:x} eflags {expected.Eflags:x} operand {Convert.ToHexString(expected.Operand)}\n      {VectorCase.Describe(expected.State)}\n"
            + $"  emulated  trap {actual.Trap:x} eax {actual.Eax:x} eflags {actual.Eflags:x} operand {Convert.ToHexString(actual.Operand)}\n      {VectorCase.Describe(actual.State)}";
    }

    private static bool SameStates(Mnemonic mnemonic, ReadOnlySpan<byte> processor, ReadOnlySpan<byte> emulated)
    {
        if (!processor[..6].SequenceEqual(emulated[..6]) || !processor.Slice(VectorImage.Mxcsr, 4).SequenceEqual(emulated.Slice(VectorImage.Mxcsr, 4))) return false;
        for (int i = 0; i < 8; i++)
            if (!processor.Slice(VectorImage.Stack + 16 * i, 10).SequenceEqual(emulated.Slice(VectorImage.Stack + 16 * i, 10))) return false;
        bool approximate = mnemonic is Mnemonic.Rcpps or Mnemonic.Rcpss or Mnemonic.Rsqrtps or Mnemonic.Rsqrtss;
        for (int at = VectorImage.Xmm; at < VectorImage.Xmm + 128; at += 4)
        {
            uint x = BinaryPrimitives.ReadUInt32LittleEndian(processor[at..]), y = BinaryPrimitives.ReadUInt32LittleEndian(emulated[at..]);
            if (x != y && !(approximate && AreClose(x, y))) return false;
        }

        return true;
    }

    /// <summary>Both may be wrong by 1.5 × 2^-12; and where a reciprocal is about to become denormal, it may be zero.</summary>
    private static bool AreClose(uint x, uint y)
    {
        float processor = BitConverter.UInt32BitsToSingle(x), emulated = BitConverter.UInt32BitsToSingle(y);
        if (processor == 0 || emulated == 0) return Math.Abs(processor + emulated) < 1.2e-38f;
        return Math.Abs(processor - emulated) <= Math.Abs(processor) * 3 / 4096;
    }
}
