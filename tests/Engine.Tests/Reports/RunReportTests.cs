using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using LguestPS.Reports;
using LguestPS.Tests.Exports;
using LguestPS.Tests.Histories;
using LguestPS.Texts;
using Xunit;

namespace LguestPS.Tests.Reports;

/// <summary>A report says what a run did, whoever the guest is.</summary>
public class RunReportTests
{
    [Theory]
    [InlineData("example-paging")]
    [InlineData("minikernel")]
    [InlineData("minikernel-4.1")]
    [InlineData("usermode")]
    public void Every_instruction_of_a_recorded_run_is_counted_in_its_function(string name)
    {
        using Guest guest = RecordedGuests.Run(name);
        GuestHistory history = GuestHistory.Of(guest);
        RunReport report = RunReport.Of(history);
        Assert.Equal(guest.InstructionCount, report.Code!.Instructions);
        Assert.Equal(report.Code.Instructions, report.Code.Functions.Sum(function => function.Instructions));
        Assert.Equal(report.Code.Instructions, report.Code.Functions.Sum(function => function.Blocks.Values.Sum(block => block.Instructions)));
        Assert.Equal(guest.EventCount, report.Events.Count);
        Assert.Equal(guest.Ending!.Reason, report.Events.Ending);
        Assert.NotEmpty(report.Listings);
    }

    [Fact]
    public void Counting_does_not_change_what_a_run_does_and_the_guest_stays_where_it_is()
    {
        using Guest guest = RecordedGuests.Run("minikernel");
        string before = RecordedGuests.Shown(guest);
        long[] first = Counts(), second = Counts();
        Assert.Equal(first, second);
        Assert.Equal(before, RecordedGuests.Shown(guest));

        long[] Counts() => [.. RunReport.Of(GuestHistory.Of(guest)).Code!.Functions.Select(function => function.Instructions)];
    }

    [Fact]
    public void A_run_that_is_given_up_is_an_exception_of_that_kind()
    {
        using Guest guest = RecordedGuests.Run("minikernel");
        using CancellationTokenSource stop = new();
        stop.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => RunReport.Of(GuestHistory.Of(guest), stop.Token));
    }

    [Fact]
    public void The_console_is_there_with_the_time_of_each_line()
    {
        RunReport report = Report(Exported.Dma(1, "one\ntw"u8.ToArray()), Exported.Dma(2, "o\nthree"u8.ToArray()));
        Assert.Equal([(1000, "one"), (1000, "two"), (2000, "three")], report.Events.Console.Lines);
        Assert.Contains("<li data-t=\"2000\"><button type=\"button\">0.000002</button><span>three</span></li>", Page(report));
    }

    [Fact]
    public void A_halt_lasts_until_the_next_interrupt() =>
        Assert.Equal(4000, Report(Exported.Call(1, 10), Exported.Interrupt(5), Exported.Ended(9)).Events.Halted.Total);

    [Fact]
    public void Only_the_scripts_and_styles_that_the_policy_names_can_run()
    {
        string page = Page(Report(Exported.HostileEvents()));
        string policy = System.Net.WebUtility.HtmlDecode(Regex.Match(page, "Content-Security-Policy\" content=\"([^\"]*)\"").Groups[1].Value);
        Assert.StartsWith("default-src 'none';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy);
        Assert.Contains($"style-src '{Hash(Regex.Match(page, "<style>(.*?)</style>", RegexOptions.Singleline).Groups[1].Value)}'", policy);
        Assert.Contains($"script-src '{Hash(Regex.Match(page, "<script>(.*?)</script>", RegexOptions.Singleline).Groups[1].Value)}'", policy);
        Assert.Equal(2, Regex.Matches(page, "<script").Count);
        Assert.DoesNotMatch("\\son\\w+=|style=|javascript:|https?://", Regex.Replace(page, "<(script|style)[^>]*>.*?</\\1>", "", RegexOptions.Singleline));
    }

    [Fact]
    public void No_two_elements_have_one_name_and_every_link_leads_to_one()
    {
        using Guest guest = RecordedGuests.Run("example-paging");
        string page = Page(RunReport.Of(GuestHistory.Of(guest)));
        string[] ids = [.. Regex.Matches(page, "\\sid=\"([^\"]+)\"").Select(match => match.Groups[1].Value)];
        Assert.Equal(ids.Distinct(), ids);
        Assert.Empty(Regex.Matches(page, "href=\"#([^\"]+)\"").Select(match => match.Groups[1].Value).Except(ids));
        Assert.Empty(Regex.Matches(page, "(?:labelledby|describedby)=\"([^\"]+)\"").Select(match => match.Groups[1].Value).Except(ids));
    }

    [Fact]
    public void What_a_guest_says_is_text()
    {
        string page = Page(Report(Exported.HostileEvents()));
        Assert.DoesNotContain("</script><!--", page);
        Assert.Contains("&lt;/script&gt;&lt;!--", page);
        Assert.DoesNotContain('\u001b', page);
        Assert.DoesNotContain('\u202e', page);
        Assert.DoesNotContain('\0', page);
        using JsonDocument data = JsonDocument.Parse(Regex.Match(page, "id=\"data\">(.*?)</script>", RegexOptions.Singleline).Groups[1].Value);
        Assert.Equal(4000, data.RootElement.GetProperty("end").GetInt64());
    }

    [Fact]
    public void Terminal_sequences_are_left_out_and_control_characters_shown() =>
        Assert.Equal("red    \u2400\u240d!\\u202ex", PlainText.Of("\u001b[31mred\t\0\r!\u202ex\r"));

    [Fact]
    public void A_page_of_a_million_events_is_small_and_so_is_what_is_kept_of_them()
    {
        RunProfile events = new();
        for (int i = 1; i <= 1_000_000; i++)
        {
            events.Write((i % 4) switch
            {
                0 => Exported.Dma(i, Encoding.UTF8.GetBytes($"line {i} of the console\n")),
                1 => Exported.Interrupt(i, i % 32),
                _ => Exported.Call(i, (uint)(i % 20), (uint)i, host: i % 50),
            });
        }
        events.Finish();
        string page = Page(new RunReport(events, new ReportFacts { Origin = "A test." }));
        Assert.InRange(page.Length, 100_000, 5_000_000);
        Assert.Equal(1_000_000, events.Hypercalls.Sorted.Sum(tally => tally.Count) + events.Interrupts.Sorted.Sum(tally => tally.Count) + events.Devices.Sum(device => device.Transfers));
        Assert.True(events.Console.LeftOut > 0);
    }

    private static RunReport Report(params LguestEvent[] happened)
    {
        RunProfile events = new();
        foreach (LguestEvent each in happened) events.Write(each);
        events.Finish();
        return new RunReport(events, new ReportFacts { Origin = "A test.", Kernel = Exported.Hostile, Abi = Exported.Hostile });
    }

    private static string Page(RunReport report)
    {
        using MemoryStream page = new();
        report.Write(page);
        return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(page.ToArray());
    }

    private static string Hash(string text) => $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";
}
