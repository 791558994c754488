using System.Text;
using System.Text.Json;
using LguestPS.Events;
using LguestPS.Launcher;
using Xunit;

namespace LguestPS.Tests.Launcher;

public class EventLinesTests
{
    private static readonly Dictionary<string, string[]> Properties = new()
    {
        ["Hypercall"] = ["name", "number", "arguments", "origin", "slot", "result", "eip", "symbol"],
        ["Dma"] = ["direction", "key", "address", "device", "usedLength", "sections", "text"],
        ["Trap"] = ["vector", "name", "errorCode", "address", "eip", "symbol", "privilegeLevel", "outcome", "device", "register", "port", "physicalAddress", "isWrite", "width", "value"],
        ["Interrupt"] = ["irq", "vector", "eip", "symbol"],
        ["Ended"] = ["ending", "reason", "eip", "symbol"],
    };

    [Theory]
    [InlineData("hello")]
    [InlineData("ring")]
    [InlineData("timer")]
    [InlineData("paging")]
    [InlineData("disk")]
    public void Every_line_is_an_object_with_exactly_its_kinds_properties(string example)
    {
        JsonElement[] events = Events(Launched.Example(example));
        for (int i = 0; i < events.Length; i++)
        {
            Assert.Equal(i + 1, events[i].GetProperty("sequence").GetInt64());
            string kind = events[i].GetProperty("kind").GetString()!;
            Assert.Equal(["sequence", "kind", "guestTime", .. Properties[kind]], events[i].EnumerateObject().Select(property => property.Name));
        }
        Assert.Equal("Ended", events[^1].GetProperty("kind").GetString());
        Assert.Equal("Power down", events[^1].GetProperty("reason").GetString());
    }

    [Fact]
    public void The_examples_have_every_kind_of_event() =>
        Assert.Equal(
            Properties.Keys.Order(),
            new[] { "timer", "paging" }.SelectMany(example => Events(Launched.Example(example)))
                .Select(happened => happened.GetProperty("kind").GetString()).Distinct().Order());

    [Fact]
    public void A_hypercall_from_the_ring_names_its_slot()
    {
        JsonElement call = Events(Launched.Example("ring")).First(happened => happened.TryGetProperty("origin", out JsonElement origin) && origin.GetString() == "Ring" && happened.GetProperty("name").GetString() == "SEND_DMA");
        Assert.Equal(13, call.GetProperty("number").GetInt32());
        Assert.Equal(2, call.GetProperty("arguments").GetArrayLength());
        Assert.InRange(call.GetProperty("slot").GetInt32(), 0, 63);
    }

    [Fact]
    public void Console_output_is_in_the_DMA_events()
    {
        JsonElement dma = Events(Launched.Example("hello")).Single(happened => happened.GetProperty("kind").GetString() == "Dma");
        Assert.Equal("Hello from ring 1!\n", dma.GetProperty("text").GetString());
        Assert.Equal(("console", "Send", 19), (dma.GetProperty("device").GetString(), dma.GetProperty("direction").GetString(), dma.GetProperty("usedLength").GetInt32()));
        JsonElement section = Assert.Single(dma.GetProperty("sections").EnumerateArray());
        Assert.Equal("Hello from ring 1!\n", Encoding.UTF8.GetString(section.GetProperty("data").GetBytesFromBase64()));
        Assert.Equal(19, section.GetProperty("length").GetInt32());
    }

    [Fact]
    public void Repeatable_runs_are_equal_to_the_last_byte() =>
        Assert.Equal(Launched.Run("--events=jsonl", Launched.Example("timer")), Launched.Run("--events=jsonl", Launched.Example("timer")));

    [Fact]
    public void The_table_has_a_line_an_event()
    {
        string[] lines = Launched.Run("--events=table", "--clock=virtual", Launched.Example("hello")).Output.TrimEnd().Split('\n');
        Assert.Equal("     #        TIME  KIND       WHAT", lines[0]);
        Assert.Matches("^     1    0.000000  Hypercall  LGUEST_INIT", lines[1]);
        Assert.Contains(lines, line => line.EndsWith("""Dma        console <- 19 bytes  "Hello from ring 1!\n" """.TrimEnd()));
        Assert.EndsWith("Ended      ended: Power down", lines[^1]);
    }

    [Fact]
    public void The_table_keeps_a_guests_text_from_the_terminal()
    {
        DmaEvent dma = new()
        {
            Header = new EventHeader(1, new EventOrigin("g", AbiProfile.All[0], Symbols: null), TimeSpan.Zero, DateTime.UnixEpoch), Direction = DmaDirection.Send, Key = 0, Address = 0,
            Device = "console", UsedLength = 9, Sections = [new DmaSection(0, 9, Encoding.UTF8.GetBytes("\u001b[2J\"\\\r\n" + new string('x', 100)))],
        };
        string line = Encoding.UTF8.GetString(EventLines.Create(EventFormat.Table).Line(dma));
        Assert.EndsWith("\"\\x1b[2J\\\"\\\\\\r\\n" + new string('x', 52) + "\"…\n", line);
    }

    private static JsonElement[] Events(string definition)
    {
        Launched launched = Launched.Run("--events=jsonl", definition);
        Assert.Equal("", launched.Error);
        return [.. launched.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
