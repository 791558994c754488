using Xunit;

namespace LguestPS.Tests.Cpu.Recorded;

/// <summary>Recordings are read, run and compared rightly: tried with some of our own.</summary>
public class RecordedFormatTests
{
    private static readonly HashSet<string> nothingRevoked = [];

    public static TheoryData<string, bool, int?> Ways => new()
    {
        { "C286", false, null }, { "386E", false, null },
        { "C286", true, null }, { "386E", true, null },
        { "C286", true, 0 }, { "386E", true, 0 },
    };

    [Theory]
    [MemberData(nameof(Ways))]
    public void What_the_manuals_say_is_what_the_emulated_cpu_does(string processor, bool recoded, int? heat)
    {
        IReadOnlyList<RecordedTest> tests = Of(processor);
        RecordedScore score = Take(MooWriter.Pack(MooWriter.Write(processor, tests)), recoded, heat);
        Assert.True(score.Unexplained.Count == 0, string.Join('\n', score.Unexplained.Select(u => $"{u.Key}: {u.Value.Report}")));
        Assert.Equal(tests.Count, score.Same + score.LeftOut.Values.Sum());
        Assert.True(score.Same >= (recoded ? 4 : tests.Count - 1), $"only {score.Same} were run");
        Assert.Empty(score.Argued);
    }

    [Fact]
    public void A_recording_comes_back_as_it_was_written()
    {
        foreach (string processor in (string[])["C286", "386E"])
        {
            MooFile file = MooFile.Read("own.MOO", MooWriter.Write(processor, Of(processor)));
            Assert.Equal(processor, file.Processor);
            foreach ((RecordedTest written, RecordedTest read) in Of(processor).Zip(file.Tests()))
            {
                Assert.Equal((written.Index, written.Name, written.Exception), (read.Index, read.Name, read.Exception));
                Assert.Equal(written.Code, read.Code);
                Assert.Equal(written.Before.Memory, read.Before.Memory);
                Assert.Equal(written.After.Memory, read.After.Memory);
                foreach (RecordedRegister register in Enum.GetValues<RecordedRegister>())
                    Assert.Equal((written.Initial(register), written.Final(register)), (read.Initial(register), read.Final(register)));
            }
        }
    }

    /// <summary>Whatever a recording says otherwise is a difference: each register, the flags, each byte, the end.</summary>
    [Fact]
    public void A_recording_that_is_not_true_is_found_out()
    {
        foreach (RecordedTest test in OwnRecordings.Words)
        {
            foreach (RecordedTest untrue in Untruths(test))
            {
                RecordedScore score = Take(MooWriter.Write("386E", [untrue]), recoded: false, null);
                if (score.LeftOut.Count == 0) Assert.True(score.Unexplained.Count == 1, $"{test.Name} is believed whatever the recording says");
            }
        }
    }

    [Fact]
    public void What_only_a_286_does_is_argued_for_a_286()
    {
        RecordedTest[] tests = [OwnRecordings.StackOverrunOfA286];
        Assert.Single(Take(MooWriter.Write("C286", tests), recoded: false, null).Argued);
        Assert.Single(Take(MooWriter.Write("386E", tests), recoded: false, null).Unexplained);
    }

    [Fact]
    public void A_flag_that_the_recording_takes_for_undefined_is_argued()
    {
        const uint Carry = 1;
        RecordedTest test = OwnRecordings.Words[0];
        RecordedTest untrue = test with { After = Changed(test, RecordedRegister.Eflags, test.Final(RecordedRegister.Eflags) ^ Carry) };
        foreach (string processor in (string[])["C286", "386E"])
        {
            Assert.Single(Take(MooWriter.Write(processor, [untrue]), recoded: false, null).Unexplained);
            Assert.Single(Take(MooWriter.Write(processor, [untrue with { DefinedFlags = 0xFFFF & ~Carry }]), recoded: false, null).Argued);
        }
    }

    [Fact]
    public void A_revoked_recording_is_left_out()
    {
        RecordedTest test = OwnRecordings.Words[0] with { Hash = "0123456789abcdef0123456789abcdef01234567" };
        var score = new RecordedScore(new HashSet<string> { test.Hash }, recoded: false);
        using var machine = new RecordedMachine(flat: false, null);
        score.Take(MooFile.Read("own.MOO", MooWriter.Write("C286", [test])), "own.MOO", machine);
        Assert.Equal(["revoked"], score.LeftOut.Keys);
    }

    [Fact]
    public void A_file_that_is_cut_off_anywhere_is_refused()
    {
        byte[] file = MooWriter.Write("C286", [OwnRecordings.Words[0], OwnRecordings.Words[18]]);
        for (int length = 0; length < file.Length; length++)
        {
            byte[] cut = file[..length];
            InvalidDataException error = Assert.Throws<InvalidDataException>(() => ReadAll(cut));
            Assert.StartsWith("own.MOO, byte ", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_damaged_file_is_refused_or_read_and_never_worse()
    {
        byte[] file = MooWriter.Write("386E", OwnRecordings.Longs);
        for (int at = 0; at < file.Length; at++)
        {
            byte[] damaged = [.. file];
            damaged[at] ^= 0xFF;
            Exception? error = Record.Exception(() => ReadAll(damaged));
            Assert.True(error is null or InvalidDataException, $"byte {at}: {error}");
        }
    }

    [Theory]
    [InlineData("4E6F204D4F4F", "own.MOO, byte 0: the file ends in the middle of a chunk.")]
    [InlineData("4D4F4F200C000000020000000000000043323836", "own.MOO, byte 8: the file has version 2; only version 1 is known.")]
    [InlineData("4D4F4F200C000000010100000200000043323836", "own.MOO, byte 20: the file ends after 0 of 2 tests.")]
    [InlineData("544553540C000000010100000200000043323836", "own.MOO, byte 0: the file is no MOO file.")]
    public void What_is_wrong_with_a_file_is_said(string content, string message) =>
        Assert.Equal(message, Assert.Throws<InvalidDataException>(() => ReadAll(Convert.FromHexString(content))).Message);

    private static IReadOnlyList<RecordedTest> Of(string processor) => processor == "386E" ? [.. OwnRecordings.Longs] : OwnRecordings.Words;

    private static RecordedTest[] ReadAll(byte[] content) => [.. MooFile.Read("own.MOO", content).Tests()];

    private static RecordedScore Take(byte[] content, bool recoded, int? heat)
    {
        var score = new RecordedScore(nothingRevoked, recoded);
        using var machine = new RecordedMachine(recoded, heat);
        score.Take(MooFile.Read("own.MOO", content), "own.MOO", machine);
        return score;
    }

    private static IEnumerable<RecordedTest> Untruths(RecordedTest test)
    {
        foreach (RecordedRegister register in (RecordedRegister[])[RecordedRegister.Eax, RecordedRegister.Ebx, RecordedRegister.Esp, RecordedRegister.Edi])
            yield return test with { After = Changed(test, register, test.Final(register) ^ 2) };
        if (test.Exception is null)
        {
            yield return test with { After = Changed(test, RecordedRegister.Eip, test.Final(RecordedRegister.Eip) + 1) };
            yield return test with { After = Changed(test, RecordedRegister.Eflags, test.Final(RecordedRegister.Eflags) ^ 0x400) };
            yield return test with { After = test.After with { Memory = [.. test.After.Memory, new RecordedByte(0x45678, 1)] } };
            if (test.After.Memory.Length > 0) yield return test with { After = test.After with { Memory = [] } };
        }
        else
        {
            yield return test with { Exception = test.Exception with { Vector = (byte)(test.Exception.Vector ^ 0x40) } };
            yield return test with { After = test.After with { Memory = [test.After.Memory[0] with { Value = (byte)(test.After.Memory[0].Value ^ 1) }, .. test.After.Memory[1..]] } };
        }
    }

    private static RecordedState Changed(RecordedTest test, RecordedRegister register, uint value)
    {
        uint?[] registers = [.. test.After.Registers];
        registers[(int)register] = value;
        return test.After with { Registers = registers };
    }
}
