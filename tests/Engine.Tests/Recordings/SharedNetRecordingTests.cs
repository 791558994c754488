using LguestPS.Definitions;
using LguestPS.Networks;
using Xunit;

namespace LguestPS.Tests.Recordings;

/// <summary>The run of a guest in a network of several is recorded with what it saw of the others, and is done again without them.</summary>
public sealed class SharedNetRecordingTests : IDisposable
{
    private readonly TempFolder folder = new();

    private string File => folder.Path("run.lguest");

    private string Wire => folder.Path("lan0");

    [SkippableTheory]
    [InlineData(ClockKind.Virtual)]
    [InlineData(ClockKind.Events)]
    public async Task A_replay_has_the_events_of_the_recording_and_no_network(ClockKind clock)
    {
        OnLinux();
        string[][] recorded;
        using (Guest answers = Example("answer", ClockKind.Host))
        using (Guest asks = Recorded(Example("ask", clock)))
        {
            recorded = await Task.WhenAll(Finish(answers), Finish(asks));
            Assert.EndsWith("\"WHAT IS THAT IN CAPITALS?\"\n", asks.ConsoleText);
            asks.SaveRecording(File);
        }
        System.IO.File.Delete(Wire);
        using Guest replay = Guest.Replay(RecordedRun.Load(File));
        Assert.Equal([(NetworkKind.Shared, "net0", 1, false, 0L, 0L)], replay.Networks.Select(net => (net.Kind, net.Name, net.Slot, net.IsLive, net.DroppedCount, net.SentCount)));
        Assert.Equal(recorded[1], await Finish(replay));
        Assert.False(System.IO.File.Exists(Wire));
    }

    [SkippableTheory]
    [InlineData(ClockKind.Virtual)]
    [InlineData(ClockKind.Events)]
    public async Task Two_that_are_both_recorded_are_replayed_each_alone(ClockKind clock)
    {
        OnLinux();
        string[][] recorded;
        using (Guest first = Recorded(Minikernel(clock)), second = Recorded(Minikernel(clock)))
        {
            recorded = await Task.WhenAll(Finish(first), Finish(second));
            Assert.Contains("PASS another guest asked, and was answered", first.ConsoleText);
            first.SaveRecording(File);
            second.SaveRecording(folder.Path("second.lguest"));
        }
        using Guest again = Guest.Replay(RecordedRun.Load(File)), secondAgain = Guest.Replay(RecordedRun.Load(folder.Path("second.lguest")));
        Assert.Equal(recorded[1], await Finish(secondAgain));
        Assert.Equal(recorded[0], await Finish(again));
    }

    [SkippableFact]
    public async Task A_conversation_is_gone_back_in_and_goes_on_where_it_was()
    {
        OnLinux();
        using Guest answers = Example("answer", ClockKind.Host), asks = Recorded(Example("ask", ClockKind.Virtual));
        Task<string[]> answering = Finish(answers);
        List<string> first = await RunUntil(asks, "ANYBODY THERE?");
        Assert.True(StepBack(asks, here => here.ConsoleText.Length == 0));
        int back = (int)asks.EventCount;
        string[] rest = await Finish(asks);
        Assert.Equal(first[back..], rest[..(first.Count - back)]);
        Assert.Equal("Power down", asks.StateReason);
        await answering;
        Assert.Single(answers.ConsoleText.Split('\n'), line => line.Contains("anybody there", StringComparison.OrdinalIgnoreCase));

        // And all of it once more, though its partner is gone.
        while (asks.StepBack(new StepBackOptions { Driver = "the test", Count = 100 }))
        {
        }
        Assert.Equal(first[..back].Concat(rest), await Finish(asks));
    }

    [SkippableFact]
    public async Task In_another_future_it_asks_again_and_is_answered()
    {
        OnLinux();
        using Guest answers = Example("answer", ClockKind.Host), asks = Recorded(Example("ask", ClockKind.Virtual));
        Task<string[]> answering = Finish(answers);
        await RunUntil(asks, "HOW ARE YOU?");
        Assert.True(asks.StepBack(new StepBackOptions { Driver = "the test", Unit = StepUnit.Hypercall, Hypercall = Call.BindDma }));
        asks.Inspector.WriteMemory(0x3000, [1], "the test", physical: true);
        Assert.False(asks.IsInPast);
        await Finish(asks);
        await answering;
        Assert.Equal("Power down", asks.StateReason);
        Assert.Equal(2, answers.ConsoleText.Split('\n').Count(line => line.Contains("anybody there", StringComparison.OrdinalIgnoreCase)));
    }

    [SkippableFact]
    public async Task A_frame_that_found_no_buffer_knocks_at_the_same_instruction_again()
    {
        OnLinux();
        List<string> recorded = [];
        using (Guest answers = Recorded(Example("answer", ClockKind.Virtual)))
        {
            recorded.AddRange(answers.Step(new StepOptions { Driver = "the test", Unit = StepUnit.Trap, Vector = 0 }).Select(EventText.Of));
            Assert.Equal(Standstill.WaitingForInput, answers.Standstill);
            FillBuffers(answers);
            using Guest asks = Example("ask", ClockKind.Host);
            Task<string[]> asking = Finish(asks);
            Assert.True(SpinWait.SpinUntil(() => asks.ConsoleText.Contains("asks slot 0", StringComparison.Ordinal), TimeSpan.FromMinutes(5)));
            recorded.AddRange(await Finish(answers));
            await asking;
            Assert.EndsWith("\"good bye\"\n", answers.ConsoleText);
            Assert.Equal(4, answers.ConsoleText.Split('\n').Count(line => line == "lan: slot 15 says \"before\""));
            answers.SaveRecording(File);
        }
        using Guest replay = Guest.Replay(RecordedRun.Load(File));
        Assert.Equal(recorded, await Finish(replay));
    }

    [Fact]
    public void What_comes_in_is_read_as_it_was_written_and_nothing_else_is()
    {
        SharedNetInput[] inputs = [new SharedNetInput.Frame(4092, [1, 2, 3]), new SharedNetInput.Frame(4, []), new SharedNetInput.Knock(260), new SharedNetInput.Answer(true), new SharedNetInput.Answer(false)];
        foreach (SharedNetInput input in inputs) Assert.Equal(input.ToBytes(), SharedNetInput.Read(input.ToBytes())!.ToBytes());
        Assert.Equal(96, Assert.IsType<SharedNetInput.Macs>(SharedNetInput.Read(new SharedNetInput.Macs(new byte[96]).ToBytes())).Page.Length);
        byte[][] nonsense = [[], [0], [.. new byte[96]], [1, 0], [2, 0], [2, 0, 0, 0], [2, 2, 0], [2, 0, 16], [1, 1, 0, 7], [1, 0, 16, 7], [3], [3, 2], [4, 0], [1, 0, 0, .. new byte[SharedNetwork.LongestFrame + 1]]];
        Assert.All(nonsense, bytes => Assert.Null(SharedNetInput.Read(bytes)));
    }

    [SkippableFact]
    public void A_checkpoint_is_refused()
    {
        OnLinux();
        using Guest guest = Recorded(Example("ask", ClockKind.Virtual));
        LguestException refused = Assert.Throws<LguestException>(() => guest.TakeCheckpoint());
        Assert.Equal(LguestError.CheckpointRefused, refused.Error);
        Assert.Contains("net0 shares its network", refused.Message);
    }

    public void Dispose() => folder.Dispose();

    /// <summary>Puts a frame from slot 15, where there is nobody, into each buffer that the example has offered.</summary>
    private static void FillBuffers(Guest guest)
    {
        const int Buffers = 4, BufferSpacing = 2048, StructSize = 100;
        uint frames = guest.Symbols!.AddressOf("received")!.Value, structs = guest.Symbols.AddressOf("buffers")!.Value;
        byte[] frame = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 16, 0x88, 0xb5, .. "before\0"u8];
        for (uint i = 0; i < Buffers; i++)
        {
            guest.Inspector.WriteMemory(frames + i * BufferSpacing, frame, "the test");
            guest.Inspector.WriteMemory(structs + i * StructSize, BitConverter.GetBytes(frame.Length), "the test");
        }
    }

    private static void OnLinux() => Skip.IfNot(OperatingSystem.IsLinux(), "networks between guests need Linux");

    private static Guest Recorded(Guest guest)
    {
        guest.Record(keepEvents: true);
        return guest;
    }

    private static bool StepBack(Guest guest, Func<Guest, bool> condition) => guest.StepBack(new StepBackOptions { Driver = "the test", Condition = condition });

    private static Task<string[]> Finish(Guest guest) => Task.Run(() => Run(guest).ToArray());

    /// <summary>Runs a guest until its console shows a text; it stands after an event then.</summary>
    private static Task<List<string>> RunUntil(Guest guest, string text) => Task.Run(() =>
    {
        List<string> events = [];
        foreach (string happened in Run(guest))
        {
            events.Add(happened);
            if (guest.ConsoleText.Contains(text, StringComparison.Ordinal)) break;
        }
        Assert.False(guest.HasEnded, guest.StateReason);
        return events;
    });

    private static IEnumerable<string> Run(Guest guest) => guest.Run(new RunOptions { Driver = "the test", TimeLimit = TimeSpan.FromMinutes(5) }).Select(EventText.Of);

    private Guest Example(string name, ClockKind clock)
    {
        GuestDefinition example = new GuestDefinitionReader().Read(Repository.Path("examples", "lan", $"{name}.yaml"));
        return Guest.Create(example with { Clock = clock, Cpu = CpuChoice.Emulated, Devices = [.. example.Devices.Select(device => device is SharedNetDefinition ? new SharedNetDefinition(Wire) : device)] });
    }

    private Guest Minikernel(ClockKind clock) => Guest.Create(new GuestDefinition
    {
        Name = "minikernel",
        Kernel = Repository.Path("tests", "guests", "minikernel", "minikernel.elf"),
        Memory = 4 << 20,
        Cpu = CpuChoice.Emulated,
        Clock = clock,
        CommandLine = "cooperative",
        Devices = [new SharedNetDefinition(Wire), new ConsoleDefinition()],
    });
}
