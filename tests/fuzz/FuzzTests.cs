using Xunit;
using Xunit.Abstractions;

namespace LguestPS.Tests.Fuzz;

/// <summary>Every target for some cases, and every case that was ever a find. <c>tests/fuzz/run</c> does it for hours.</summary>
public class FuzzTests(ITestOutputHelper output)
{
    /// <summary>LGUEST_FUZZ_SEED chooses other cases than those that every run of the suite tries.</summary>
    private static int Seed => int.TryParse(Environment.GetEnvironmentVariable("LGUEST_FUZZ_SEED"), out int seed) ? seed : 1;

    public static TheoryData<string> Targets
    {
        get
        {
            TheoryData<string> names = [];
            foreach (Func<FuzzTarget> make in FuzzTarget.All)
            {
                using FuzzTarget target = make();
                names.Add(target.Name);
            }
            return names;
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Targets))]
    public void Nothing_breaks_the_promise(string name)
    {
        using FuzzTarget target = FuzzTarget.Make(name);
        Skip.If(target.WhyNot is not null, target.WhyNot);
        Fuzzer fuzzer = new(target);
        IReadOnlyList<Find> finds = fuzzer.Run(Seed, target.CasesInSuite, TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(10));
        output.WriteLine($"{fuzzer.Cases} cases from seed {Seed}");
        Assert.True(finds.Count == 0, string.Join("\n\n", finds.Select(find => $"{target.Promise}; seed {find.Seed}, {Convert.ToHexString(find.Tape)}:\n{find.Problem}")));
    }

    [SkippableTheory]
    [MemberData(nameof(Targets))]
    public void What_was_found_once_stays_mended(string name)
    {
        using FuzzTarget target = FuzzTarget.Make(name);
        Skip.If(target.WhyNot is not null, target.WhyNot);
        foreach (string file in FuzzCorpus.TapesOf(target))
            Assert.True(Fuzzer.TryTwice(target, new TapeRandom(File.ReadAllBytes(file))) is null, $"{Path.GetFileName(file)}: {Fuzzer.TryTwice(target, new TapeRandom(File.ReadAllBytes(file)))}");
    }
}
