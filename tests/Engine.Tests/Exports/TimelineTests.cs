using System.Text.Json;
using Xunit;
using static LguestPS.Tests.Exports.Exported;

namespace LguestPS.Tests.Exports;

/// <summary>What is on which track of a timeline.</summary>
public class TimelineTests
{
    private const uint NewPageTable = 4;
    private const uint Halt = 10;

    [Fact]
    public void A_halted_vCPU_runs_again_with_its_next_interrupt() =>
        Assert.Equal(
            ["begin 1000 running", "end 5000", "begin 5000 halted", "end 9000", "begin 9000 running", "end 12000"],
            Perfetto(Call(1, NewPageTable), Call(5, Halt), Interrupt(9), Ended(12)).On("g/vCPU"));

    [Fact]
    public void By_the_hosts_time_the_vCPU_waits_while_the_host_works()
    {
        PerfettoTrace trace = new(Of(ExportFormat.Perfetto, TimeAxis.Host, Call(1, NewPageTable, host: 3), Call(2, NewPageTable, host: 4), Ended(9)));
        long begin = trace.Events[0].Time;
        Assert.Equal(
            ["begin 0 running", "end 0", "begin 0 host", "end 3000", "begin 3000 running", "end 9000", "begin 9000 host", "end 13000", "begin 13000 running", "end 83000"],
            trace.On("g/vCPU").Select(line => Relative(line, begin)));
        Assert.Equal(["begin 0 NEW_PGTABLE", "end 3000", "begin 9000 NEW_PGTABLE", "end 13000"], trace.On("g/hypercalls").Select(line => Relative(line, begin)));
    }

    [Fact]
    public void Events_without_a_host_time_are_placed_by_guest_time()
    {
        HypercallEvent call = Call(5, Halt);
        PerfettoTrace trace = new(Of(ExportFormat.Perfetto, TimeAxis.Host, call with { Header = call.Header with { HostTime = default } }));
        Assert.Equal(["instant 5000 HALT"], trace.On("g/hypercalls"));
    }

    [Fact]
    public void Each_page_directory_is_a_track_while_it_is_in_use()
    {
        PerfettoTrace trace = Perfetto(Call(1, NewPageTable, 0x1000), Call(2, NewPageTable, 0x2000), Call(3, NewPageTable, 0x1000), Ended(4));
        Assert.Equal(["begin 1000 running", "end 2000", "begin 3000 running", "end 4000"], trace.On("g/processes/page directory 0x00001000"));
        Assert.Equal(["begin 2000 running", "end 3000"], trace.On("g/processes/page directory 0x00002000"));
    }

    [Fact]
    public void A_buffer_is_a_slice_from_when_it_is_taken_until_it_is_returned_and_two_are_beside_each_other()
    {
        PerfettoTrace trace = Perfetto(
            Buffer(1, VirtqueueOperation.Taken, 7, pieces: [1, 2, 3]), Buffer(2, VirtqueueOperation.Taken, 8, pieces: []),
            Buffer(3, VirtqueueOperation.Returned, 7, pieces: [9]), Buffer(5, VirtqueueOperation.Returned, 8, pieces: []));
        Assert.Equal(2, trace.Tracks.Values.Count(track => track.Path == "g/block0/block0 queue 0"));
        Assert.Equal(["begin 1000 3 bytes", "begin 2000 buffer", "end 3000", "end 5000"], trace.On("g/block0/block0 queue 0"));
        Assert.Equal(4, trace.Events.Last(happened => happened.Track == "g/block0 bytes").Value);
    }

    [Fact]
    public void What_is_written_to_the_console_is_an_instant_with_its_text() =>
        Assert.Equal(["instant 1000 one\\n"], Perfetto(Dma(1, "one\n"u8.ToArray())).On("g/console text"));

    [Fact]
    public void Counters_have_what_was_counted_in_the_end()
    {
        PerfettoTrace trace = Perfetto([.. Enumerable.Range(1, 1000).Select(i => Call(i, NewPageTable)), Ended(1001)]);
        Assert.Equal(1000, trace.Events.Last(happened => happened.Track == "g/hypercalls made").Value);
        Assert.InRange(trace.Events.Count(happened => happened.Type == "counter"), 2, 20);
    }

    [Fact]
    public void Details_of_an_event_are_beside_it()
    {
        PerfettoTrace.Event call = Perfetto(Call(3, NewPageTable, 0x5000)).Events.First(happened => happened.Name == "NEW_PGTABLE");
        Assert.Equal(("3", "0x00005000", $"{0xC0001234}", "Trap"), (call.Details["Sequence"], call.Details["Arguments"], call.Details["Eip"], call.Details["Origin"]));
    }

    [Fact]
    public void Each_guest_is_a_process_of_its_own()
    {
        PerfettoTrace trace = Perfetto(Call(1, Halt), Call(1, Halt, guest: "h"));
        Assert.Equal(["g", "h"], trace.Tracks.Values.Where(track => !track.Path.Contains('/')).Select(track => track.Path));
    }

    [Theory]
    [InlineData(TimeAxis.Guest)]
    [InlineData(TimeAxis.Host)]
    public void Every_slice_that_begins_ends_and_they_nest(TimeAxis axis)
    {
        PerfettoTrace trace = new(Of(ExportFormat.Perfetto, axis,
            Call(1, NewPageTable, 1, host: 2), Call(2, Halt, host: 1), Interrupt(3), Buffer(4, VirtqueueOperation.Taken, 1, pieces: [1]), Call(5, NewPageTable, 2, host: 30), Interrupt(6), Call(7, Halt)));
        foreach (IGrouping<long, PerfettoTrace.Event> track in trace.Events.GroupBy(each => each.Id))
        {
            int depth = 0;
            long last = 0;
            foreach (PerfettoTrace.Event happened in track.Where(each => each.Type is "begin" or "end"))
            {
                Assert.True(happened.Time >= last, $"{happened.Track} goes back at {happened.Time}");
                (depth, last) = (depth + (happened.Type == "begin" ? 1 : -1), happened.Time);
                Assert.InRange(depth, 0, 1);
            }
            Assert.Equal(0, depth);
        }
    }

    [Fact]
    public void A_guest_with_ever_new_page_directories_and_buffers_gets_a_bounded_number_of_tracks()
    {
        PerfettoTrace trace = Perfetto([
            .. Enumerable.Range(1, 2000).Select(i => Call(i, NewPageTable, (uint)i << 12)),
            .. Enumerable.Range(2001, 2000).Select(i => Buffer(i, VirtqueueOperation.Taken, i, pieces: [])), Ended(4001)]);
        Assert.InRange(trace.Tracks.Count, 256, 320);
        Assert.Contains(trace.Tracks.Values, track => track.Path == "g/processes/other page directories");
        Assert.Equal(2000, trace.Events.Count(happened => happened.Type is "begin" or "instant" && happened.Track.StartsWith("g/block0", StringComparison.Ordinal)));
    }

    [Fact]
    public void Chrome_gets_the_same_timeline()
    {
        using JsonDocument chrome = JsonDocument.Parse(Of(ExportFormat.ChromeJson, Call(1, NewPageTable), Call(5, Halt), Interrupt(9), Ended(12)));
        JsonElement[] events = [.. chrome.RootElement.GetProperty("traceEvents").EnumerateArray()];
        int vcpu = events.Single(each => each.GetProperty("ph").GetString() == "M" && each.GetProperty("args").TryGetProperty("name", out JsonElement name) && name.GetString() == "vCPU").GetProperty("tid").GetInt32();
        Assert.Equal(
            ["B 1 running", "E 5 ", "B 5 halted", "E 9 ", "B 9 running", "E 12 "],
            events.Where(each => each.GetProperty("tid").GetInt32() == vcpu && each.GetProperty("ph").GetString() is "B" or "E" && each.GetProperty("tid").GetInt32() == vcpu)
                .Select(each => $"{each.GetProperty("ph")} {each.GetProperty("ts").GetDecimal():0.###} {(each.TryGetProperty("name", out JsonElement name) ? name.GetString() : "")}"));
    }

    private static PerfettoTrace Perfetto(params LguestEvent[] events) => new(Of(ExportFormat.Perfetto, events));

    private static string Relative(string line, long begin)
    {
        string[] words = line.Split(' ', 3);
        return string.Join(' ', (string[])[words[0], $"{long.Parse(words[1]) - begin}", .. words[2..]]);
    }
}
