using LguestPS.Kernels;
using Xunit;

namespace LguestPS.Tests.Kernels;

/// <summary>There is one list of what runs; the help and the notes repeat it word for word.</summary>
public class KernelRangeTests
{
    [Theory]
    [InlineData("about_Lguest_Linux.md")]
    [InlineData("notes", "linux.md")]
    public void The_documents_have_the_list_of_what_runs(params string[] page)
    {
        string[] expected = ["| kernels | profile | tried on the emulated CPU | tried on KVM | supply |", "|---|---|---|---|---|", .. KernelRange.All.Select(Row)];
        string path = Repository.Path(["docs", .. page]);
        string[] lines = File.ReadAllLines(path);
        int at = Array.IndexOf(lines, expected[0]);
        Assert.True(at >= 0, $"{path} has no table of kernels");
        string[] found = [.. lines.Skip(at).TakeWhile(line => line.StartsWith('|'))];
        if (Environment.GetEnvironmentVariable("LGUEST_WRITE_DOCS") is "1")
        {
            File.WriteAllText(path, string.Concat(lines[..at].Concat(expected).Concat(lines[(at + found.Length)..]).Select(line => line + "\n")));
            return;
        }
        Assert.True(expected.SequenceEqual(found), $"{path} does not have this table; LGUEST_WRITE_DOCS=1 writes it:\n{string.Join('\n', expected)}");
    }

    [Fact]
    public void Every_release_from_2_6_23_to_4_13_is_in_one_range()
    {
        IEnumerable<Version> releases = [.. Enumerable.Range(23, 17).Select(build => new Version(2, 6, build)), .. Enumerable.Range(0, 20).Select(minor => new Version(3, minor)), .. Enumerable.Range(0, 14).Select(minor => new Version(4, minor))];
        Assert.All(releases, release => Assert.Single(KernelRange.All, range => range.Profile == AbiProfile.OfKernel(release)?.Name));
    }

    [Fact]
    public void What_was_tried_is_listed_once_and_in_the_range_of_its_profile()
    {
        Assert.All(TriedKernel.All, tried =>
        {
            Assert.Single(AbiProfile.All, tried.IsOf);
            Assert.NotEmpty(tried.Cpus);
        });
        Assert.Equal(TriedKernel.All.Length, TriedKernel.All.Select(tried => tried.Name).Distinct().Count());
    }

    [Fact]
    public void A_report_on_this_machine_has_the_list() => Assert.Same(KernelRange.All, HostReport.Probe().Kernels);

    private static string Row(KernelRange range) =>
        $"| {range.Kernels} | {range.Profile} | {Cell(range.Emulated)} | {Cell(range.Kvm)} | {range.Supply} |";

    private static string Cell(string text) => text.Length == 0 ? "–" : text;
}
