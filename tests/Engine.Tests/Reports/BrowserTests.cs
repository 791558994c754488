using System.Diagnostics;
using LguestPS.Reports;
using LguestPS.Tests.Exports;
using LguestPS.Tests.Histories;
using Xunit;

namespace LguestPS.Tests.Reports;

/// <summary>The page in a browser: its script runs under its policy, and a guest's does not.</summary>
public sealed class BrowserTests : IDisposable
{
    private static readonly string? Browser = ((string[])["chromium", "chromium-browser", "google-chrome"])
        .SelectMany(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(folder => Path.Combine(folder, name))).FirstOrDefault(File.Exists);

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [SkippableFact]
    public void Its_script_runs_and_says_so()
    {
        using Guest guest = RecordedGuests.Run("example-paging");
        string page = Dump(RunReport.Of(GuestHistory.Of(guest)));
        Assert.Contains("data-ready=\"true\"", page);
        Assert.Contains("Move over the timeline", page);
        Assert.Matches("<output id=\"range\">[^<]+</output>", page);
    }

    [SkippableFact]
    public void A_hostile_guest_adds_no_element_and_runs_nothing()
    {
        const string Attack = "</span></script><script>document.title='hurt'</script><img src=x onerror=\"document.title='hurt'\"><h1 id=evil>";
        RunProfile events = new();
        events.Write(Exported.Dma(1, System.Text.Encoding.UTF8.GetBytes(Attack + "\n"), guest: Attack));
        events.Write(Exported.Dma(2, [1], Attack, guest: Attack));
        events.Write(Exported.Ended(3, Attack, EndingKind.Crashed, Attack));
        events.Finish();
        string page = Dump(new RunReport(events, new ReportFacts { Origin = "A test.", Kernel = Attack }));
        Assert.Contains("data-ready=\"true\"", page);
        Assert.DoesNotContain("<title>hurt", page);
        Assert.DoesNotContain("<img", page);
        Assert.DoesNotContain("id=\"evil\"", page);
    }

    /// <summary>The document after its script has run, as the browser has it.</summary>
    private string Dump(RunReport report)
    {
        Skip.If(Browser is null, "Chromium is not installed.");
        string file = folder.Path("report.html");
        using (FileStream output = File.Create(file)) report.Write(output);
        ProcessStartInfo start = new(Browser!) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", $"--user-data-dir={folder.Path("profile")}", "--virtual-time-budget=5000", "--dump-dom", new Uri(file).AbsoluteUri])
            start.ArgumentList.Add(argument);
        using Process browser = Process.Start(start)!;
        Task<string> errors = browser.StandardError.ReadToEndAsync();
        string page = browser.StandardOutput.ReadToEnd();
        browser.WaitForExit();
        Skip.If(page.Length == 0, $"Chromium does not run here: {errors.Result.Split('\n').LastOrDefault(line => line.Length > 0)}");
        return page;
    }
}
