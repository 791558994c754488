using Xunit;

namespace LguestPS.Tests.Programs;

/// <summary>Whole programs in ring 3, with nothing below them, print what they print on the processor the test runs on.</summary>
public sealed class UserProgramTests(ProgramFiles files) : IClassFixture<ProgramFiles>
{
    public static TheoryData<string, int?> Runs
    {
        get
        {
            TheoryData<string, int?> runs = [];
            foreach (string name in ProgramFiles.Names)
                foreach (int? heat in (int?[])[null, 0]) runs.Add(name, heat);
            return runs;
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Runs))]
    public void A_program_prints_what_it_prints_on_this_processor(string name, int? heat)
    {
        files.Require();
        using UserMachine machine = new(File.ReadAllBytes(Path.Combine(files.Own, name)), heat);
        ProgramComparison comparison = new(ProgramDifferences.Load(), kernel: null);
        comparison.Compare([files.OwnRuns.Single(run => run.Name == name)], [machine.Run(name)]);
        Assert.Equal("", comparison.Report);
        Assert.True(comparison.Lines > 50, $"{name} printed {comparison.Lines} lines");
    }
}
