using System.Text.Json;
using System.Text.RegularExpressions;
using LguestPS.Launcher;
using LguestPS.Tests.Exports;
using Xunit;

namespace LguestPS.Tests.Launcher;

/// <summary>Files that lguest writes of a run take their places when it is over, and its output stays what it is.</summary>
public sealed class RunFilesTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_trace_has_the_format_that_its_name_says_and_the_console_stays()
    {
        Launched launched = Launched.Run($"--trace={folder.Path("run.pftrace")}", Launched.Example("hello"));
        Assert.Equal((ExitStatus.PowerDown, "Hello from ring 1!\n", ""), (launched.Status, launched.Output, launched.Error));
        Assert.Equal(["instant"], new PerfettoTrace(File.ReadAllBytes(folder.Path("run.pftrace"))).Events.Where(happened => happened.Track == "hello/console text").Select(happened => happened.Type));
        Launched.Run($"--trace={folder.Path("run.json")}", Launched.Example("hello"));
        using JsonDocument chrome = JsonDocument.Parse(File.ReadAllText(folder.Path("run.json")));
        Assert.NotEmpty(chrome.RootElement.GetProperty("traceEvents").EnumerateArray());
    }

    [Fact]
    public void By_the_hosts_time_a_trace_shows_when_the_vCPU_waited_for_the_host()
    {
        Launched.Run($"--trace={folder.Path("run.pftrace")}", "--trace-time=host", Launched.Example("hello"));
        Assert.Contains(new PerfettoTrace(File.ReadAllBytes(folder.Path("run.pftrace"))).Events, happened => happened is { Track: "hello/vCPU", Name: "host" });
    }

    [Fact]
    public void A_report_counts_every_instruction()
    {
        Launched launched = Launched.Run("--clock=virtual", $"--report={folder.Path("run.html")}", "-v", Launched.Example("paging"));
        string counted = Regex.Match(launched.Error, "([0-9]+) instructions, ").Groups[1].Value;
        Assert.Contains($"Every one of {long.Parse(counted):N0} instructions was counted", File.ReadAllText(folder.Path("run.html")));
    }

    [Theory]
    [InlineData("--trace=run.xyz", "does not say which format")]
    [InlineData("--trace-time=host", "--trace-time goes with --trace")]
    [InlineData("--trace=/no/folder/run.json", "there is no folder '/no/folder'")]
    [InlineData("--report=/no/folder/run.html", "there is no folder '/no/folder'")]
    public void What_cannot_be_written_is_said_before_the_guest_runs(string option, string said)
    {
        Launched launched = Launched.Run(option, Launched.Example("hello"));
        Assert.Equal((ExitStatus.BadRequest, ""), (launched.Status, launched.Output));
        Assert.Contains(said, launched.Error);
    }

    [Fact]
    public void Of_a_run_that_cannot_begin_nothing_is_left()
    {
        Launched.Run($"--trace={folder.Path("run.json")}", $"--report={folder.Path("run.html")}", folder.Path("none.yaml"));
        Launched.Run($"--trace={folder.Path("run.json")}", $"--report={folder.Path("run.html")}", "16", folder.Path("none"));
        Assert.False(File.Exists(folder.Path("run.json")) || File.Exists(folder.Path("run.html")));
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(folder.Path("x"))!));
    }

    [Fact]
    public void A_run_that_reaches_its_limit_is_in_them_up_to_there()
    {
        Launched launched = Launched.Run("--clock=virtual", "--limit-instructions=2000", $"--trace={folder.Path("run.jsonl")}", $"--report={folder.Path("run.html")}", Launched.Example("timer"));
        Assert.Equal(ExitStatus.Stopped, launched.Status);
        Assert.Contains("LGUEST_INIT", File.ReadAllText(folder.Path("run.jsonl")));
        Assert.Contains("not yet", File.ReadAllText(folder.Path("run.html")));
    }
}
