using Xunit;

namespace LguestPS.Tests;

/// <summary>What events say, when they are made, and who gets which.</summary>
public class EventTests
{
    private const uint Key = 0x1000;

    [Fact]
    public void A_hypercall_event_is_made_once_when_the_call_is_done_with_its_result()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Cpu.Registers.Eip = 0xC0002345;
        guest.Hypercall(Call.BindDma, Key, ScriptedGuest.BufferAddress, 1 << 8 | 5);
        Assert.Empty(guest.Step());
        HypercallEvent call = Assert.IsType<HypercallEvent>(Assert.Single(guest.Play()));
        Assert.Equal((12u, "BIND_DMA", HypercallOrigin.Trap, (int?)null, 1u), (call.Number, call.Name, call.Origin, call.Slot, call.Result!.Value));
        Assert.Equal([Key, ScriptedGuest.BufferAddress, 0x105], call.Arguments);
        Assert.Equal("key=0x00001000 array=0x00014000 count=1 irq=5", call.Decoded);
        Assert.Equal("BIND_DMA(key=0x00001000 array=0x00014000 count=1 irq=5) = 1", call.Summary);
        Assert.Equal(0xC0002345, call.Eip);
    }

    [Fact]
    public void A_ring_entrys_event_names_its_slot_and_the_trap_that_drained_it()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.Ts, 1);
        guest.Hypercall(Call.FlushAsync);
        HypercallEvent call = guest.Play().OfType<HypercallEvent>().First();
        Assert.Equal((HypercallOrigin.Ring, 0, (uint?)null, guest.Cpu.Registers.Eip), (call.Origin, call.Slot, call.Result, call.Eip));
        Assert.Equal("TS(set=1) from ring slot 0", call.Summary);
    }

    [Fact]
    public void A_call_that_kills_the_guest_is_never_done_and_has_no_event()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.SetStack, 0x68, 0, 0);
        Assert.Equal([EventKinds.Ended], guest.Play().Select(happened => happened.Kind));
    }

    [Fact]
    public void A_DMA_event_is_made_when_it_is_served_and_copies_the_data()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Memory.Write(ScriptedGuest.TextAddress, "Grüße"u8);
        uint dma = guest.Dma(ScriptedGuest.DmaAddress, (ScriptedGuest.TextAddress, 3), (ScriptedGuest.TextAddress + 3, 4));
        guest.Hypercall(Call.SendDma, 0, dma).Code(_ => guest.Memory.Write(ScriptedGuest.TextAddress, "overwritten"u8));
        Assert.Single(guest.Step(count: 2));
        DmaEvent sent = guest.Play().OfType<DmaEvent>().Single();

        Assert.Equal((DmaDirection.Send, 0u, dma, "console", 7u), (sent.Direction, sent.Key, sent.Address, sent.Device, sent.UsedLength!.Value));
        Assert.Equal([(ScriptedGuest.TextAddress, 3), (ScriptedGuest.TextAddress + 3, 4)], sent.Sections.Select(section => (section.Address, section.Length)));
        Assert.Equal("Grüße", sent.Text);
        Assert.Equal("console <- 7 bytes", sent.Summary);
    }

    [Fact]
    public void A_DMA_to_nobody_has_an_event_without_device_and_used_length()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        uint dma = guest.TextDma("lost");
        guest.Memory.Write32(dma, 77);
        guest.Hypercall(Call.SendDma, 8, dma);
        DmaEvent sent = guest.Play().OfType<DmaEvent>().Single();
        Assert.Equal((null, null, "lost"), (sent.Device, sent.UsedLength, sent.Text));
        Assert.Equal(77u, guest.UsedLength(dma));
        Assert.Equal("key 0x00000008 <- 4 bytes", sent.Summary);
    }

    [Fact]
    public void Trap_events_tell_what_and_where()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Gate(14, 0xC0003000).Gate(6, 0xC0003000);
        guest.Cpu.Registers.Eip = 0xC0002100;
        guest.Trap(14, 2, 0xDEAD0000).Trap(6);
        TrapEvent[] traps = [.. guest.Play().OfType<TrapEvent>()];
        Assert.Equal((14, 2u, 0xDEAD0000u, 0xC0002100u, 1), (traps[0].Vector, traps[0].ErrorCode!.Value, traps[0].Address!.Value, traps[0].Eip, traps[0].PrivilegeLevel));
        Assert.Equal("#PF at 0xdead0000 error 2 from ring 1 eip 0xc0002100", traps[0].Summary);
        Assert.Equal((null, null, TrapOutcome.Reflected), (traps[1].ErrorCode, traps[1].Address, traps[1].Outcome));
        Assert.Equal("#UD from ring 1 eip 0xc0003000", traps[1].Summary);
    }

    [Fact]
    public void The_end_is_the_last_event_and_comes_once()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Cpu.Registers.Eip = 0xC0002200;
        guest.Hypercall(Call.Crash, guest.CrashText("Power down"));
        List<LguestEvent> events = guest.Play();
        GuestEndedEvent ended = Assert.IsType<GuestEndedEvent>(events[^1]);
        Assert.Equal((EndingKind.PowerDown, "Power down", 0xC0002200u), (ended.Ending, ended.Reason, ended.Eip));
        Assert.Equal("ended: Power down", ended.Summary);
        Assert.Single(events.OfType<GuestEndedEvent>());
    }

    [Fact]
    public void Sequence_numbers_count_everything_so_a_filter_leaves_gaps()
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh();
        BusyScript(guest);
        List<LguestEvent> events = guest.Play(new EventFilter { Kinds = EventKinds.Dma | EventKinds.Ended });
        Assert.Equal([4, 8], events.Select(happened => happened.Sequence));
        Assert.Equal(8, guest.Guest.EventCount);

        using ScriptedGuest all = ScriptedGuest.Fresh();
        BusyScript(all);
        Assert.Equal(Enumerable.Range(1, 8).Select(i => (long)i), all.Play().Select(happened => happened.Sequence));
    }

    [Theory]
    [InlineData(EventKinds.Hypercall, "LGUEST_INIT,TS[0],SEND_DMA,SET_CLOCKEVENT,CRASH")]
    [InlineData(EventKinds.Dma, "console <- hi")]
    [InlineData(EventKinds.Trap, "#UD")]
    [InlineData(EventKinds.Ended, "ended: Power down")]
    [InlineData(EventKinds.None, "")]
    public void A_filter_by_kind(EventKinds kinds, string expected)
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh();
        BusyScript(guest);
        Assert.Equal(expected, string.Join(',', ScriptedGuest.Words(guest.Play(new EventFilter { Kinds = kinds }))));
    }

    [Fact]
    public void A_filter_by_hypercall_leaves_other_kinds_alone()
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh();
        BusyScript(guest);
        EventFilter filter = new() { Hypercalls = [Call.Ts, Call.Crash] };
        Assert.Equal(["TS[0]", "console <- hi", "#UD", "CRASH", "ended: Power down"], ScriptedGuest.Words(guest.Play(filter)));
    }

    [Theory]
    [InlineData("console", 1)]
    [InlineData("CONSOLE", 1)]
    [InlineData("block0", 0)]
    public void A_filter_by_device_leaves_other_kinds_alone(string device, int expected)
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh();
        BusyScript(guest);
        List<LguestEvent> events = guest.Play(new EventFilter { Devices = [device] });
        Assert.Equal(expected, events.OfType<DmaEvent>().Count());
        Assert.Equal(5, events.OfType<HypercallEvent>().Count());
    }

    [Fact]
    public void A_filter_changes_nothing_for_the_guest()
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh();
        BusyScript(guest);
        Assert.Empty(guest.Play(EventFilter.Nothing));
        Assert.Equal(("hi", EndingKind.PowerDown), (guest.Guest.ConsoleText, guest.Guest.Ending!.Kind));
    }

    [Fact]
    public void Events_left_untaken_wait_for_the_next_driver()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Guest.SendConsole("typed");
        uint buffer = guest.Dma(ScriptedGuest.DmaAddress, (ScriptedGuest.BufferAddress, 64));
        guest.Gate(0x21, 0xC0003000);
        guest.IrqEnabled = 0x200;
        guest.Hypercall(Call.BindDma, 0, buffer, 1 << 8 | 1);
        List<LguestEvent> events = [];
        while (!guest.Guest.HasEnded) events.AddRange(guest.Guest.Run(new RunOptions { Driver = "one at a time" }).Take(1));
        Assert.Equal(["BIND_DMA", "console -> typed", "irq 1", "ended: the script is at its end"], ScriptedGuest.Words(events));
    }

    [Fact]
    public void Every_event_carries_the_guest_its_time_and_the_hosts()
    {
        DateTime before = DateTime.UtcNow;
        using ScriptedGuest guest = ScriptedGuest.Fresh(ClockKind.Virtual);
        BusyScript(guest);
        List<LguestEvent> events = guest.Play();
        Assert.All(events, happened => Assert.Equal("scripted", happened.Guest));
        Assert.All(events, happened => Assert.InRange(happened.HostTime, before, DateTime.UtcNow));
        Assert.All(events, happened => Assert.Equal(DateTimeKind.Utc, happened.HostTime.Kind));
        Assert.Equal(events.Select(happened => happened.GuestTime).Order(), events.Select(happened => happened.GuestTime));
        Assert.Equal($"1 {events[0].Summary}", events[0].ToString());
    }

    private static void BusyScript(ScriptedGuest guest)
    {
        guest.FreeRing();
        uint dma = guest.TextDma("hi");
        uint text = ScriptedGuest.BufferAddress;
        guest.Memory.Write(text, "Power down\0"u8);
        guest.Gate(6, 0xC0003000);
        guest.Hypercall(Call.LguestInit, ScriptedGuest.DataAddress)
            .Hypercall(() => guest.Ring(0, Call.Ts, 1), Call.SendDma, 0, dma)
            .Hypercall(Call.SetClockEvent, 0)
            .Trap(6)
            .Hypercall(Call.Crash, text);
    }
}
