using LguestPS.Clock;
using LguestPS.Cpu;
using Xunit;

namespace LguestPS.Tests;

/// <summary>The three clocks: what time is made of, and when the guest notices.</summary>
public class ClockTests
{
    private const uint Handler = 0xC0003000;

    [Fact]
    public void On_the_virtual_clock_an_instruction_is_a_nanosecond()
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh(ClockKind.Virtual);
        guest.Code().Trap(99);
        guest.Gate(99, Handler);
        guest.Play();
        Assert.Equal(guest.Guest.InstructionCount / 100, guest.Guest.GuestTime.Ticks);
        Assert.Equal((ulong)guest.Guest.InstructionCount!.Value, guest.Guest.Clock.ReadTimeStampCounter());
        Assert.InRange(guest.Guest.InstructionCount!.Value, 1_000_000, 1_000_010);
    }

    [Fact]
    public void The_virtual_clock_starts_on_the_day_of_the_seed_whenever_it_is_run()
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh(ClockKind.Virtual);
        (uint seconds, _) = guest.Guest.Clock.TimeOfDay;
        Assert.Equal(new DateTime(2007, 10, 22), DateTime.UnixEpoch.AddSeconds(seconds));
    }

    [Theory]
    [InlineData(ClockKind.Virtual)]
    [InlineData(ClockKind.Events)]
    public void Sleeping_takes_no_time_of_ours(ClockKind clock)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised(clock);
        guest.Gate(0x20, Handler);
        for (int i = 0; i < 100; i++) guest.Hypercall(Call.SetClockEvent, 4_000_000_000).Hypercall(Call.Halt);
        guest.Code();
        TimeSpan before = guest.Guest.GuestTime;
        System.Diagnostics.Stopwatch watch = System.Diagnostics.Stopwatch.StartNew();
        guest.Play();
        Assert.InRange((guest.Guest.GuestTime - before).TotalSeconds, 400, 401);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, guest.Guest.GuestTime - before);
    }

    [Fact]
    public void On_the_host_clock_sleeping_takes_as_long_as_it_says()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised(ClockKind.Host);
        guest.Gate(0x20, Handler);
        guest.Hypercall(Call.SetClockEvent, 30_000_000).Hypercall(Call.Halt);
        List<LguestEvent> events = guest.Play();
        Assert.Equal(["SET_CLOCKEVENT", "HALT", "irq 0"], ScriptedGuest.Words(events));
        Assert.InRange((events[2].GuestTime - events[0].GuestTime).TotalMilliseconds, 29.9, double.MaxValue);
    }

    [Fact] // or an idle guest turns in circles for what is left of the last millisecond before each tick
    public void On_the_host_clock_a_sleep_ends_when_its_event_is_due_and_not_before()
    {
        using HostClock clock = new();
        clock.Start();
        int sleeps = 0;
        for (int tick = 0; tick < 20; tick++)
        {
            TimeSpan begin = clock.Elapsed;
            clock.SetEvent(1_700_000);
            while (!clock.TakeExpired())
            {
                Assert.True(clock.WaitForInterrupt(new Halted()));
                sleeps++;
            }
            Assert.InRange(clock.Elapsed - begin, TimeSpan.FromMicroseconds(1_699), TimeSpan.MaxValue);
        }
        Assert.InRange(sleeps, 20, 100);
    }

    [Fact] // or a program that makes system calls all the time is never seen to use processor time of its own
    public void On_the_host_clock_a_due_clock_event_is_not_noticed_right_behind_a_trap()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised(ClockKind.Host);
        guest.Gate(0x20, Handler).Gate(0x80, Handler, type: 0xF);
        guest.IrqEnabled = Eflags.Interrupt;
        guest.Hypercall(Call.SetClockEvent, 1).Trap(0x80).Trap(0x80).Code().Trap(0x80);
        Assert.Equal(["SET_CLOCKEVENT", "int 0x80", "int 0x80", "irq 0", "int 0x80"], ScriptedGuest.Words(guest.Play()));
    }

    [Fact]
    public void On_the_virtual_clock_a_busy_guest_is_interrupted_at_the_exact_instruction()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised(ClockKind.Virtual);
        guest.Gate(0x20, Handler);
        guest.IrqEnabled = Eflags.Interrupt;
        guest.Hypercall(Call.SetClockEvent, 123_456).Code().Code();
        List<LguestEvent> events = guest.Play();
        Assert.Equal(["SET_CLOCKEVENT", "irq 0"], ScriptedGuest.Words(events));
        Assert.InRange((events[1].GuestTime - events[0].GuestTime).Ticks, 1234, 1235);      // of 100 ns
    }

    [Fact]
    public void On_the_virtual_clock_a_long_run_is_cut_at_multiples_of_a_million_instructions()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised(ClockKind.Virtual);
        guest.Code().Code().Code().Play();
        Assert.Equal(0, (guest.Guest.InstructionCount - 1) % 1_000_000);      // the script's end is one more
    }

    [Fact]
    public void Typed_text_enters_a_busy_guest_of_the_virtual_clock_on_that_grid_only()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised(ClockKind.Virtual);
        uint buffer = guest.Dma(ScriptedGuest.DmaAddress, (ScriptedGuest.BufferAddress, 16));
        guest.Hypercall(Call.BindDma, 0, buffer, 1 << 8 | 1).Hypercall(() => guest.Guest.SendConsole("x"), Call.FlushAsync).Trap(99).Code().Code();
        guest.Gate(99, Handler);
        DmaEvent received = guest.Play().OfType<DmaEvent>().Single();
        Assert.Equal(TimeSpan.FromMilliseconds(1), received.GuestTime);
    }

    [Fact]
    public void Typed_text_enters_a_sleeping_guest_at_once()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised(ClockKind.Virtual);
        uint buffer = guest.Dma(ScriptedGuest.DmaAddress, (ScriptedGuest.BufferAddress, 16));
        guest.Gate(0x21, Handler);
        guest.Hypercall(Call.BindDma, 0, buffer, 1 << 8 | 1).Hypercall(() => guest.Guest.SendConsole("x"), Call.Halt);
        List<LguestEvent> events = guest.Play();
        Assert.Equal(["BIND_DMA", "HALT", "console -> x", "irq 1"], ScriptedGuest.Words(events));
        Assert.Equal(events[1].GuestTime, events[2].GuestTime);
    }

    [Fact]
    public void On_the_events_clock_time_passes_with_traps_only()
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh(ClockKind.Events);
        guest.Gate(99, Handler);
        guest.Code().Code().Code().Play();
        Assert.Equal(TimeSpan.Zero, guest.Guest.GuestTime);
        guest.Trap(99).Code().Trap(99).Play();
        TimeSpan two = guest.Guest.GuestTime;
        guest.Trap(99).Trap(99).Play();
        Assert.NotEqual(TimeSpan.Zero, two);
        Assert.Equal(two * 2, guest.Guest.GuestTime);
    }

    [Fact]
    public void On_the_events_clock_interrupts_enter_at_traps_only()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised(ClockKind.Events);
        guest.Gate(0x21, Handler).Gate(99, Handler, type: 0xF);
        guest.IrqEnabled = Eflags.Interrupt;
        guest.Code().Play();
        guest.Guest.Machine.Interrupts.Raise(1);
        guest.Code().Code().Trap(99).Code();
        Assert.Equal(["int 0x63", "irq 1"], ScriptedGuest.Words(guest.Play()));
    }

    [Theory]
    [InlineData(ClockKind.Virtual)]
    [InlineData(ClockKind.Events)]
    public void The_same_guest_twice_gives_identical_events(ClockKind clock)
    {
        string[] first = Life(clock, guest => guest.Play());
        Assert.Equal(first, Life(clock, guest => guest.Play()));
        Assert.Contains(first, line => line.Contains("irq 0", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(ClockKind.Virtual)]
    [InlineData(ClockKind.Events)]
    public void Cutting_the_run_into_pieces_changes_no_event(ClockKind clock)
    {
        string[] whole = Life(clock, guest => guest.Play());
        Assert.Equal(whole, Life(clock, guest =>
        {
            List<LguestEvent> events = [];
            while (!guest.Guest.HasEnded) events.AddRange(guest.Step());
            return events;
        }));
        // Whoever leaves at the CRASH itself does not see the end after it: nobody can drive an ended guest.
        Assert.Equal(whole[..^1], Life(clock, guest =>
        {
            List<LguestEvent> events = [];
            while (!guest.Guest.HasEnded) events.AddRange(guest.Guest.Run(new RunOptions { Driver = "one at a time" }).Take(1));
            return events;
        }));
    }

    [Fact]
    public void The_time_stamp_counter_runs_at_the_frequency_the_guest_is_told()
    {
        foreach (ClockKind clock in Enum.GetValues<ClockKind>())
        {
            using ScriptedGuest guest = ScriptedGuest.Initialised(clock);
            Assert.Equal(1_000_000u, guest.Memory.Read32(ScriptedGuest.DataAddress + guest.Layout.TscKhz));
            TimeSpan before = guest.Guest.GuestTime;
            ulong counter = guest.Guest.Clock.ReadTimeStampCounter();
            Assert.InRange(counter / 100, (ulong)before.Ticks, (ulong)guest.Guest.GuestTime.Ticks);
        }
    }

    private sealed class Halted : IWaitTerms
    {
        public bool WaitForInput => false;

        public bool AwaitsAnswer => false;

        public long? NextDue => null;

        public TimeSpan LongestSleep => Timeout.InfiniteTimeSpan;
    }

    /// <summary>A guest with a timer, sleep, busy work, the ring and traps; every event but its host time.</summary>
    private static string[] Life(ClockKind clock, Func<ScriptedGuest, List<LguestEvent>> drive)
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh(clock);
        guest.FreeRing();
        guest.Gate(0x20, Handler).Gate(14, Handler, type: 0xF);
        uint text = guest.TextDma("tick");
        guest.Hypercall(Call.LguestInit, ScriptedGuest.DataAddress);
        for (int tick = 0; tick < 5; tick++)
        {
            int slot = tick;
            guest.Hypercall(() => guest.Ring(slot, Call.SendDma, 0, text), Call.SetClockEvent, 1_500_000)
                .Code(_ => guest.IrqEnabled = Eflags.Interrupt).Code().Code()
                .Trap(14, 2, 0x1000)
                .Hypercall(Call.SetClockEvent, 700).Hypercall(Call.Halt).Code(_ => guest.IrqEnabled = 0);
        }
        guest.Hypercall(Call.Crash, ScriptedGuest.BufferAddress);
        return [.. drive(guest).Select(happened => $"{happened.Sequence} {happened.GuestTime.Ticks} {ScriptedGuest.Words([happened])[0]}")];
    }
}
