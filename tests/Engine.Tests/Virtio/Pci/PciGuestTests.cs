using Xunit;

namespace LguestPS.Tests.Virtio.Pci;

/// <summary>What a user sees of devices on the PCI bus: standstills, virtqueues, checkpoints, steps back; with the minikernel of 4.1.</summary>
public class PciGuestTests
{
    private const string Driver = "the test";

    [Fact]
    public void A_guest_stands_still_between_its_write_to_notify_and_the_look_at_the_queue()
    {
        using Guest guest = AtDisk();
        Assert.Equal((KickPurpose.Queue, "block0", 0), (guest.PendingKick!.Purpose, guest.PendingKick.Device, guest.PendingKick.Queue));
        GuestVirtqueue disk = Assert.Single(guest.Inspector.Virtqueues(), queue => queue.Device == "block0");
        Assert.Equal((disk.TakenIndex + 1, 0), (disk.AvailableIndex, disk.InFlight));
        Assert.Equal([16L, 0L], [disk.Next!.ReadableLength, disk.Next.WritableLength - 513]);
        List<LguestEvent> step = [.. guest.Step(new StepOptions { Driver = Driver })];
        Assert.Equal(["block0 queue 0", "block0 queue 0 <- 16 bytes, head 0", "block0 queue 0 -> 513 bytes, head 0"], step.Select(happened => happened.Summary));
        Assert.Null(guest.PendingKick);
    }

    [Fact]
    public void A_virtqueue_is_shown_from_when_it_is_enabled()
    {
        using Guest guest = Make();
        Assert.Empty(guest.Inspector.Virtqueues());
        using Guest later = AtDisk();
        Assert.Contains(later.Inspector.Virtqueues(), queue => queue.Device == "console");
    }

    [Fact]
    public void A_checkpoint_at_a_kick_goes_on_with_it_once_and_to_the_same_end()
    {
        using Guest guest = AtDisk();
        foreach (Breakpoint breakpoint in guest.Breakpoints) guest.RemoveBreakpoint(breakpoint);
        Checkpoint here = guest.TakeCheckpoint();
        string[] first = [.. Run(guest).Select(Line)];
        string text = guest.ConsoleText;
        guest.Restore(here);
        Assert.Equal(("block0", 0), (guest.PendingKick!.Device, guest.PendingKick.Queue));
        Assert.Equal(first, Run(guest).Select(Line));
        Assert.Equal(text, guest.ConsoleText);
    }

    [Fact]
    public void A_recorded_guest_goes_back_to_a_kick_and_on_to_the_same_end()
    {
        using Guest guest = Make(ClockKind.Virtual);
        guest.Record(keepEvents: false);
        List<LguestEvent> events = Run(guest);
        string text = guest.ConsoleText;
        Assert.True(guest.StepBack(new StepBackOptions { Driver = Driver, Condition = here => here.PendingKick is { Device: "block0" } }));
        LguestEvent lastKick = events.Last(happened => happened is KickEvent { Device: "block0", Purpose: KickPurpose.Queue });
        Assert.Equal(events.Where(happened => happened.Sequence >= lastKick.Sequence).Select(Line), Run(guest).Select(Line));
        Assert.Equal(text, guest.ConsoleText);
    }

    private static Guest AtDisk()
    {
        Guest guest = Make();
        guest.AddBreakpoint(new KickTarget("block0", 0));
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = Driver, Filter = EventFilter.Nothing }))
        {
        }
        Assert.Equal(Standstill.Breakpoint, guest.Standstill);
        return guest;
    }

    private static string Line(LguestEvent happened) => $"{happened.Sequence} {happened.Summary}";

    private static Guest Make(ClockKind clock = ClockKind.Events)
    {
        GuestRun run = GuestRun.All.Single(entry => entry.Name == "minikernel-cooperative-4.1");
        Guest guest = Guest.Create(run.Definition(clock));
        guest.SendConsole(run.Input!);
        return guest;
    }

    private static List<LguestEvent> Run(Guest guest) => [.. guest.Run(new RunOptions { Driver = Driver })];
}
