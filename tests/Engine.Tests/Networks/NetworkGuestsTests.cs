using LguestPS.Definitions;
using Xunit;

namespace LguestPS.Tests.Networks;

/// <summary>Pairs of real guests on the emulated CPU in one process, each driven by a thread of its own.</summary>
public class NetworkGuestsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [SkippableTheory]
    [InlineData(ClockKind.Host, ClockKind.Host)]
    [InlineData(ClockKind.Virtual, ClockKind.Virtual)]
    [InlineData(ClockKind.Events, ClockKind.Events)]
    [InlineData(ClockKind.Host, ClockKind.Virtual)]
    public async Task The_examples_guests_talk(ClockKind answersClock, ClockKind asksClock)
    {
        using TempFolder folder = OnLinux();
        using Guest answers = Guest.Create(In(folder, Example("answer")) with { Clock = answersClock });
        using Guest asks = Guest.Create(In(folder, Example("ask")) with { Clock = asksClock });
        await RunBoth(answers, asks);
        Assert.Equal("""
            lan: slot 1 asks slot 0
            lan: slot 0 answers "ANYBODY THERE?"
            lan: slot 0 answers "HOW ARE YOU?"
            lan: slot 0 answers "WHAT IS THAT IN CAPITALS?"

            """, asks.ConsoleText);
        Assert.EndsWith("lan: slot 1 says \"good bye\"\n", answers.ConsoleText);
    }

    [SkippableTheory]
    [InlineData(ClockKind.Host, "cooperative", "")]
    [InlineData(ClockKind.Virtual, "", "")]
    [InlineData(ClockKind.Events, "cooperative integer", "cooperative")]
    public Task Two_minikernels_exchange_frames_of_every_length(ClockKind clock, string first, string second) =>
        AskAndAnswer(Minikernel(clock, first), Minikernel(clock, second));

    [SkippableTheory]
    [InlineData("minikernel", "minikernel-3.1")]
    [InlineData("minikernel-2.6.30", "minikernel")]
    [InlineData("minikernel-3.1", "minikernel-2.6.30")]
    public Task Minikernels_of_different_eras_exchange_frames_of_every_length(string first, string second) =>
        AskAndAnswer(Minikernel(ClockKind.Virtual, "answers", first), Minikernel(ClockKind.Virtual, "", second));

    [SkippableFact]
    public async Task Sends_and_receipts_are_events_with_their_frames()
    {
        using TempFolder folder = OnLinux();
        using Guest answers = Guest.Create(In(folder, Minikernel(ClockKind.Host, "cooperative")));
        using Guest asks = Guest.Create(In(folder, Minikernel(ClockKind.Host, "cooperative")));
        (List<LguestEvent> one, List<LguestEvent> other) = await RunBoth(answers, asks);
        Assert.Equal(Frames(one, DmaDirection.Receive), Frames(other, DmaDirection.Send));
        Assert.Equal(Frames(other, DmaDirection.Receive), Frames(one, DmaDirection.Send));
        Assert.Equal(30, Frames(one, DmaDirection.Send).Count());
    }

    private static async Task AskAndAnswer(GuestDefinition first, GuestDefinition second)
    {
        using TempFolder folder = OnLinux();
        using Guest answers = Guest.Create(In(folder, first));
        using Guest asks = Guest.Create(In(folder, second));
        // Each of them is seen to wait for a frame once, so that the network has somebody to wake, however busy the host is.
        RunUntilItWaits(answers);
        RunUntilItWaits(asks);
        await RunBoth(answers, asks);
        string[] asked = answers.ConsoleText.Split('\n'), answered = asks.ConsoleText.Split('\n');
        Assert.Contains("PASS another guest asked, and was answered", asked);
        Assert.Contains("PASS another guest was asked, and answered", answered);
        Assert.DoesNotContain(asked.Concat(answered), line => line.StartsWith("FAIL", StringComparison.Ordinal));
    }

    /// <summary>Runs a minikernel until it sleeps because no frame has come, while nobody runs who could send one.</summary>
    private static void RunUntilItWaits(Guest minikernel)
    {
        const uint halt = 10;
        StepOptions step = new() { Driver = "the test", TimeLimit = Patience };
        foreach (LguestEvent _ in minikernel.Step(step with { Unit = StepUnit.Address, Address = minikernel.Symbols!.AddressOf("net_receive") }))
        {
        }
        foreach (LguestEvent _ in minikernel.Step(step with { Unit = StepUnit.Hypercall, Hypercall = halt }))
        {
        }
        Assert.Equal(Standstill.Hypercall, minikernel.Standstill);
    }

    private static IEnumerable<string> Frames(List<LguestEvent> events, DmaDirection direction) => events.OfType<DmaEvent>()
        .Where(dma => dma.Device == "net0" && dma.Direction == direction && dma.UsedLength is not null)
        .Select(dma => Convert.ToHexString(dma.Data));

    private static async Task<(List<LguestEvent>, List<LguestEvent>)> RunBoth(Guest first, Guest second)
    {
        List<LguestEvent>[] events = await Task.WhenAll(Task.Run(() => Run(first)), Task.Run(() => Run(second)));
        Assert.Equal(("Power down", "Power down"), (first.StateReason, second.StateReason));
        return (events[0], events[1]);
    }

    private static List<LguestEvent> Run(Guest guest) => [.. guest.Run(new RunOptions { Driver = "the test", TimeLimit = Patience })];

    private static GuestDefinition Example(string name) => new GuestDefinitionReader().Read(Repository.Path("examples", "lan", $"{name}.yaml"));

    private static GuestDefinition Minikernel(ClockKind clock, string words, string image = "minikernel") => new()
    {
        Name = "minikernel",
        Abi = GuestRun.All.Single(run => run.Name == image).Definition(clock).Abi,
        Kernel = Repository.Path("tests", "guests", "minikernel", $"{image}.elf"),
        Memory = 4 << 20,
        CommandLine = words,
        Cpu = CpuChoice.Emulated,
        Clock = clock,
        Devices = [new SharedNetDefinition(""), new ConsoleDefinition()],
    };

    /// <summary>The same guest in a network of the test's own.</summary>
    private static GuestDefinition In(TempFolder folder, GuestDefinition definition) => definition with
    {
        Devices = [.. definition.Devices.Select(device => device is SharedNetDefinition ? new SharedNetDefinition(folder.Path("lan0")) : device)],
    };

    private static TempFolder OnLinux()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "networks between guests need Linux");
        return new TempFolder();
    }
}
