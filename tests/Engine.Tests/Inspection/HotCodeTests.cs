using LguestPS.Cpu;
using LguestPS.Inspection;
using Xunit;

namespace LguestPS.Tests;

/// <summary>Where a guest was, every so many instructions.</summary>
public class HotCodeTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(97)]
    public void Hot_code_is_the_same_whether_code_is_compiled_or_not_and_however_the_run_is_cut(long period)
    {
        IReadOnlyList<HotCode> compiled = Profile(period, CompileChoice.Auto, whole: true);
        Assert.Equal(compiled, Profile(period, CompileChoice.Off, whole: true));
        Assert.Equal(compiled, Profile(period, CompileChoice.Auto, whole: false));
    }

    [Fact]
    public void A_sample_at_each_instruction_counts_them_all()
    {
        using Guest guest = Make(1, CompileChoice.Auto);
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "the test", Filter = EventFilter.Nothing }))
        {
        }

        IReadOnlyList<HotCode> profile = guest.HotCode(HotCodeUnit.Instruction);
        long counted = profile.Sum(line => line.Instructions);
        Assert.InRange(counted, guest.InstructionCount!.Value * 9 / 10, guest.InstructionCount.Value);
        Assert.Equal(1.0, profile.Sum(line => line.Share), 6);
        Assert.Equal(counted, guest.HotCode().Sum(line => line.Instructions));
    }

    [Fact]
    public void Functions_of_the_kernel_have_names_and_programs_are_told_apart_by_page()
    {
        IReadOnlyList<HotCode> profile = Profile(1, CompileChoice.Auto, whole: true);
        Assert.Contains(profile, line => line is { Symbol: "main", PrivilegeLevel: 1 });
        Assert.All(profile.Where(line => line.PrivilegeLevel == 3), line => Assert.True(line.Symbol is null && line.Address % 4096 == 0));
        Assert.Contains(profile, line => line.PrivilegeLevel == 3);
        Assert.Equal(profile.OrderByDescending(line => line.Samples).Select(line => line.Samples), profile.Select(line => line.Samples));
    }

    [Fact]
    public void Without_samples_there_is_nothing_to_show()
    {
        using Guest guest = Make(null, CompileChoice.Auto);
        var e = Assert.Throws<LguestException>(() => guest.HotCode());
        Assert.Equal(LguestError.NotRecorded, e.Error);
        Assert.Contains("'sampleEvery: 1000' in its definition", e.Message);
    }

    [Fact]
    public void Samples_come_every_so_many_instructions_on_average()
    {
        const long Period = 100, Instructions = 1_000_000;
        var samples = new CodeSamples(Period);
        for (long count = 0; count < Instructions;)
        {
            count += samples.Distance(count);
            samples.Note(count, 0x1000, 1);
        }

        Assert.InRange(samples.Take().Single().Count, Instructions / Period * 95 / 100, Instructions / Period * 105 / 100);
    }

    private static IReadOnlyList<HotCode> Profile(long period, CompileChoice compile, bool whole)
    {
        using Guest guest = Make(period, compile);
        if (!whole)
        {
            foreach (LguestEvent _ in guest.Step(new StepOptions { Driver = "the test", Filter = EventFilter.Nothing, Unit = StepUnit.Instruction, Count = 20_000 }))
            {
            }
        }

        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "the test", Filter = EventFilter.Nothing }))
        {
        }

        return guest.HotCode();
    }

    private static Guest Make(long? period, CompileChoice compile) => Guest.Create(
        new GuestDefinition { Name = "profiled", Kernel = Repository.Path("examples", "paging", "paging.elf"), Clock = ClockKind.Virtual, Compile = compile, SampleEvery = period });
}
