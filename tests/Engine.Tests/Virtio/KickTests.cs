using Xunit;

namespace LguestPS.Tests.Virtio;

/// <summary>What of kicks and virtqueues is seen from outside: standstills, breakpoints, filters, steps back; with the minikernel of 3.1.</summary>
public class KickTests
{
    private const string Driver = "the test";
    private const string Image = "minikernel-3.1";

    [Fact]
    public void A_guest_stands_still_between_its_NOTIFY_and_the_look_at_the_queue()
    {
        using Guest guest = Make();
        AddBreakpoint(guest, new KickTarget("block0", 0));
        Run(guest, EventFilter.Nothing);
        Assert.Equal(Standstill.Breakpoint, guest.Standstill);
        Assert.Equal((KickPurpose.Queue, "block0", 0), (guest.PendingKick!.Purpose, guest.PendingKick.Device, guest.PendingKick.Queue));
        Assert.Null(guest.PendingHypercall);
        GuestVirtqueue disk = Assert.Single(guest.Inspector.Virtqueues(), queue => queue.Device == "block0");
        Assert.Equal((1, 0, 0), (disk.AvailableIndex, disk.TakenIndex, disk.UsedIndex));
        Assert.Equal([(16u, false), (512u, true), (1u, true)], disk.Next!.Descriptors.Select(descriptor => (descriptor.Length, descriptor.IsWritable)));

        List<LguestEvent> step = Step(guest);
        Assert.Equal(["block0 queue 0", "block0 queue 0 <- 16 bytes, head 0", "block0 queue 0 -> 513 bytes, head 0"], step.Select(happened => happened.Summary));
        Assert.Null(guest.PendingKick);
        disk = Assert.Single(guest.Inspector.Virtqueues(), queue => queue.Device == "block0");
        Assert.Equal((1, 1, 1, 0), (disk.AvailableIndex, disk.TakenIndex, disk.UsedIndex, disk.Waiting.Length));
    }

    [Fact]
    public void A_step_ends_at_a_kick_and_says_what_comes()
    {
        using Guest guest = Make();
        foreach (LguestEvent _ in guest.Step(new StepOptions { Driver = Driver, Unit = StepUnit.Hypercall, Hypercall = 17 }))
        {
        }
        Assert.Equal(["NOTIFY"], Step(guest).OfType<HypercallEvent>().Select(call => call.Name));
        Assert.Equal((Standstill.Kick, KickPurpose.EarlyConsole), (guest.Standstill, guest.PendingKick!.Purpose));
        NextStep next = guest.Inspector.NextStep();
        Assert.Equal((Standstill.Kick, guest.PendingKick), (next.Standstill, next.Kick));
        Assert.StartsWith("print the early console text at 0x", next.Text, StringComparison.Ordinal);
        Assert.Equal("", guest.ConsoleText);
        KickEvent printed = Assert.IsType<KickEvent>(Assert.Single(Step(guest)));
        Assert.Equal(guest.ConsoleText, printed.Text);
        Assert.Equal("minikernel: processes change at system calls\n", printed.Text);
    }

    [Fact]
    public void While_a_kick_is_pending_no_hypercall_can_be_put_before_it()
    {
        using Guest guest = Make();
        AddBreakpoint(guest, new KickTarget("block0", 0));
        Run(guest, EventFilter.Nothing);
        LguestException refused = Assert.Throws<LguestException>(() => guest.Hypercalls.Invoke(Driver, 10));
        Assert.Equal(LguestError.HypercallRefused, refused.Error);
        Assert.Contains("the kick of block0, queue 0 is pending", refused.Message);
    }

    [Theory]
    [InlineData("console", 1)]
    [InlineData("console", 0)]
    [InlineData("block0", 0)]
    public void A_filter_of_device_and_queue_gives_what_one_of_everything_has_of_them(string device, int queue)
    {
        string[] all = Lines(EventFilter.Everything);
        string[] filtered = Lines(new EventFilter { Kinds = EventKinds.Kick | EventKinds.Virtqueue, Devices = [device], Queues = [queue] });
        Assert.NotEmpty(filtered);
        Assert.Equal(all.Where(line => line.Contains($" {device}/{queue} ", StringComparison.Ordinal)), filtered);
    }

    [Fact]
    public void A_recorded_guest_goes_back_to_a_kick_and_on_to_the_same_end()
    {
        using Guest guest = Make(ClockKind.Virtual);
        guest.Record(keepEvents: false);
        List<LguestEvent> events = Run(guest, EventFilter.Everything);
        string console = guest.ConsoleText;
        Assert.True(guest.StepBack(new StepBackOptions { Driver = Driver, Condition = here => here.PendingKick is { Device: "block0" } }));
        LguestEvent lastKick = events.Last(happened => happened is KickEvent { Device: "block0" });
        Assert.Equal(lastKick.Sequence, guest.EventCount + 1);
        List<LguestEvent> again = Run(guest, EventFilter.Everything);
        Assert.Equal(events.Where(happened => happened.Sequence >= lastKick.Sequence).Select(Line), again.Select(Line));
        Assert.Equal(console, guest.ConsoleText);
    }

    [Fact]
    public void A_checkpoint_at_a_kick_goes_on_with_it_once()
    {
        using Guest guest = Make();
        AddBreakpoint(guest, new KickTarget("block0", 0));
        Run(guest, EventFilter.Nothing);
        foreach (Breakpoint breakpoint in guest.Breakpoints) guest.RemoveBreakpoint(breakpoint);
        Checkpoint here = guest.TakeCheckpoint();
        string[] first = [.. Step(guest).Select(Line)];
        guest.Restore(here);
        Assert.Equal(("block0", 0), (guest.PendingKick!.Device, guest.PendingKick.Queue));
        Assert.Equal(first, Step(guest).Select(Line));
    }

    [Fact]
    public void A_summary_counts_kicks_and_buffers_by_device()
    {
        using Guest guest = Make();
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = Driver, Filter = EventFilter.Nothing, CollectSummary = true }))
        {
        }
        List<LguestEvent> events = Run(Make(), EventFilter.Everything);
        SummaryRow[] rows = guest.Summary!.Rows;
        foreach (string device in (string[])["console", "block0"])
        {
            Assert.Equal(events.Count(happened => happened is KickEvent kick && kick.Device == device), rows.Single(row => row.Kind == EventKinds.Kick && row.Name == device).Count);
            Assert.Equal(
                events.Count(happened => happened is VirtqueueEvent { Operation: VirtqueueOperation.Returned } buffer && buffer.Device == device),
                rows.Single(row => row.Kind == EventKinds.Virtqueue && row.Name == device).Count);
        }
    }

    [Fact]
    public void Looking_at_a_chain_that_breaks_a_rule_says_so_and_ends_nothing()
    {
        using Guest guest = Make();
        AddBreakpoint(guest, new KickTarget("block0", 0));
        Run(guest, EventFilter.Nothing);
        GuestVirtqueue disk = guest.Inspector.Virtqueues().Single(queue => queue.Device == "block0");
        guest.Inspector.WriteMemory(disk.AvailableRing + 4, [0xFF, 0xFF], Driver, physical: true);
        WaitingBuffer bad = guest.Inspector.Virtqueues().Single(queue => queue.Device == "block0").Next!;
        Assert.Equal((0xFFFF, 0), (bad.Head, bad.Descriptors.Length));
        Assert.Contains("names descriptor 65535", bad.Problem);
        Assert.False(guest.HasEnded);
        Run(guest, EventFilter.Nothing);
        Assert.Equal(EndingKind.Killed, guest.Ending!.Kind);
        Assert.Equal(bad.Problem, guest.Ending.Reason);
    }

    private static string[] Lines(EventFilter filter)
    {
        using Guest guest = Make();
        return [.. Run(guest, filter).Select(Line)];
    }

    private static string Line(LguestEvent happened) => happened switch
    {
        KickEvent kick => $"{happened.Sequence} kick {kick.Device}/{kick.Queue} {kick.Purpose} {kick.Address:x} {kick.Status} {kick.Text}",
        VirtqueueEvent buffer => $"{happened.Sequence} {buffer.Operation} {buffer.Device}/{buffer.Queue} {buffer.Head} {buffer.UsedLength} {string.Join(',', buffer.Descriptors.AsEnumerable())} {Convert.ToHexString(buffer.Data)}",
        _ => $"{happened.Sequence} {happened.Summary}",
    };

    private static Guest Make(ClockKind clock = ClockKind.Events)
    {
        GuestRun run = GuestRun.All.Single(entry => entry.Name == Image.Replace("-", "-cooperative-", StringComparison.Ordinal));
        Guest guest = Guest.Create(run.Definition(clock));
        guest.SendConsole(run.Input!);
        return guest;
    }

    private static void AddBreakpoint(Guest guest, BreakpointTarget target) => guest.AddBreakpoint(target);

    private static List<LguestEvent> Run(Guest guest, EventFilter filter) => [.. guest.Run(new RunOptions { Driver = Driver, Filter = filter })];

    private static List<LguestEvent> Step(Guest guest) => [.. guest.Step(new StepOptions { Driver = Driver })];
}
