using LguestPS.Cpu;
using Xunit;

namespace LguestPS.Tests;

/// <summary>The rules of the pending hypercall and the asynchronous ring (ABI §4): the change this project grew from.</summary>
public class SeedSemanticsTests
{
    private const uint Key = 0x1000;
    private const uint OneBufferIrq5 = 1 << 8 | 5;

    [Fact]
    public void Only_trap_0x1f_makes_a_hypercall_pending()
    {
        for (int vector = 0; vector < 256; vector++)
        {
            using ScriptedGuest guest = ScriptedGuest.Initialised();
            guest.Gate(vector, 0xC0003000);
            guest.Cpu.Registers.Eax = Call.FlushAsync;
            guest.Trap((byte)vector).Step(StepUnit.Instruction);
            Assert.Equal(vector == Vector.Hypercall, guest.Guest.PendingHypercall is not null);
        }
    }

    [Fact]
    public void The_end_of_a_budget_or_a_kick_makes_no_hypercall_pending()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.Ts, 1);
        guest.Code(cpu => cpu.Registers.Eax = Call.FlushAsync).Cpu.Then(CpuExit.Kicked);
        Assert.Empty(guest.Play());
        Assert.Null(guest.Guest.PendingHypercall);
    }

    [Fact]
    public void It_is_done_once_and_cleared()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.BindDma, Key, ScriptedGuest.DmaAddress, OneBufferIrq5).Code();
        guest.Step();
        Assert.Equal("BIND_DMA", guest.Guest.PendingHypercall!.Name);
        Assert.Equal(["BIND_DMA"], ScriptedGuest.Words(guest.Step(StepUnit.Instruction)));
        Assert.Null(guest.Guest.PendingHypercall);
        Assert.Equal(1u, guest.Cpu.Registers.Eax);
        Assert.Empty(guest.Step(StepUnit.Instruction));
        Assert.Single(guest.Guest.Bindings.All);
    }

    [Fact] // the seed's reason to exist: the same hypercall was run twice after a launcher exit
    public void It_survives_a_DMA_return_and_runs_once()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.SendDma, 0, guest.TextDma("hi"));
        guest.Hypercall(Call.BindDma, Key, ScriptedGuest.BufferAddress, OneBufferIrq5);

        guest.Step();
        Assert.Equal(["SEND_DMA[0]"], ScriptedGuest.Words(guest.Step()));
        Assert.Equal(Standstill.Dma, guest.Guest.Standstill);
        Assert.Equal("BIND_DMA", guest.Guest.PendingHypercall!.Name);
        Assert.Empty(guest.Guest.Bindings.All);

        Assert.Equal(["console <- hi", "BIND_DMA"], ScriptedGuest.Words(guest.Play()));
        Assert.Single(guest.Guest.Bindings.All);
    }

    [Fact]
    public void It_survives_a_stop_request_and_runs_once()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.Ts, 1);
        guest.Hypercall(Call.BindDma, Key, ScriptedGuest.BufferAddress, OneBufferIrq5);
        guest.Step();

        for (int i = 0; i < 3; i++)
        {
            Assert.Empty(guest.Guest.Run(new RunOptions { Driver = "a stopped run" }, new CancellationToken(canceled: true)));
            Assert.Equal(Standstill.StopRequested, guest.Guest.Standstill);
            Assert.Equal("BIND_DMA", guest.Guest.PendingHypercall!.Name);
            Assert.Equal(ScriptedGuest.Ready, guest.RingStatus(0));
        }
        Assert.Equal(["TS[0]", "BIND_DMA"], ScriptedGuest.Words(guest.Play()));
    }

    [Fact]
    public void A_stop_request_between_any_two_calls_loses_and_repeats_nothing()
    {
        string[] straight = BusyGuest(guest => guest.Play());
        for (int stopAfter = 1; stopAfter < straight.Length - 1; stopAfter++)
        {
            Assert.Equal(straight, BusyGuest(guest =>
            {
                List<LguestEvent> events = [];
                using CancellationTokenSource stop = new();
                foreach (LguestEvent happened in guest.Guest.Run(new RunOptions { Driver = "first" }, stop.Token))
                {
                    events.Add(happened);
                    if (events.Count == stopAfter) stop.Cancel();
                }
                return [.. events, .. guest.Play()];
            }));
        }
    }

    [Fact]
    public void Leaving_at_any_event_loses_and_repeats_nothing()
    {
        string[] straight = BusyGuest(guest => guest.Play());
        for (int taken = 1; taken < straight.Length - 1; taken++)
        {
            Assert.Equal(straight, BusyGuest(guest =>
            {
                List<LguestEvent> first = [.. guest.Guest.Run(new RunOptions { Driver = "first" }).Take(taken)];
                return [.. first, .. guest.Play()];
            }));
        }
    }

    [Fact]
    public void The_rings_entries_come_before_the_direct_call()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.Ts, 1).Ring(1, Call.SetPte, 0, 0x1000, 0).Ring(2, Call.Ts, 0);
        guest.Hypercall(Call.SetClockEvent, 0);
        Assert.Equal(["TS[0]", "SET_PTE[1]", "TS[2]", "SET_CLOCKEVENT"], ScriptedGuest.Words(guest.Play()));
    }

    [Fact]
    public void A_ring_entry_has_its_own_arguments_and_its_result_goes_nowhere()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.BindDma, Key, ScriptedGuest.BufferAddress, OneBufferIrq5);
        guest.Hypercall(Call.FlushAsync);
        HypercallEvent call = guest.Play().OfType<HypercallEvent>().First();
        Assert.Equal([Key, ScriptedGuest.BufferAddress, OneBufferIrq5], call.Arguments);
        Assert.Equal(1u, call.Result);
        Assert.Equal(Call.FlushAsync, guest.Cpu.Registers.Eax);
    }

    [Fact]
    public void A_full_ring_is_drained_once()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        for (int slot = 0; slot < 64; slot++) guest.Ring(slot, Call.SetPte, 0, (uint)slot << 12);
        guest.Hypercall(Call.FlushAsync).Hypercall(Call.FlushAsync);

        List<LguestEvent> events = guest.Play();
        Assert.Equal(66, events.Count);
        Assert.Equal(Enumerable.Range(0, 64), events.OfType<HypercallEvent>().Where(call => call.Slot is not null).Select(call => call.Slot!.Value));
        Assert.All(Enumerable.Range(0, 64), slot => Assert.Equal(ScriptedGuest.Done, guest.RingStatus(slot)));
    }

    [Fact]
    public void One_drain_does_at_most_64_entries_however_fast_the_ring_refills()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        for (int slot = 0; slot < 64; slot++) guest.Ring(slot, Call.Ts, 0);
        guest.Hypercall(Call.FlushAsync);
        int fromRing = 0;
        guest.Step();
        while (guest.Guest.NextCall!.Slot is { } slot)
        {
            guest.Step();
            guest.Ring(slot, Call.Ts, 0);       // at once filled again
            Assert.InRange(++fromRing, 1, 64);
        }
        Assert.Equal(64, fromRing);
    }

    [Fact]
    public void The_cursor_is_remembered_between_drains()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.Ts, 0).Ring(1, Call.Ts, 0);
        guest.Hypercall(Call.FlushAsync).Play();

        guest.Ring(2, Call.Ts, 0).Ring(0, Call.Ts, 0);
        guest.Hypercall(Call.FlushAsync);
        // Slot 3 is free, so the drain ends there and does not come round to slot 0.
        Assert.Equal(["TS[2]", "FLUSH_ASYNC"], ScriptedGuest.Words(guest.Play()));
        Assert.Equal(ScriptedGuest.Ready, guest.RingStatus(0));
    }

    [Fact]
    public void The_cursor_wraps_round()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        for (int slot = 0; slot < 62; slot++) guest.Ring(slot, Call.Ts, 0);
        guest.Hypercall(Call.FlushAsync).Play();

        guest.Ring(62, Call.Ts, 0).Ring(63, Call.Ts, 0).Ring(0, Call.Ts, 0).Ring(1, Call.Ts, 0);
        guest.Hypercall(Call.FlushAsync);
        Assert.Equal(["TS[62]", "TS[63]", "TS[0]", "TS[1]", "FLUSH_ASYNC"], ScriptedGuest.Words(guest.Play()));
        Assert.Equal(2, guest.Guest.Ring.Cursor);
    }

    [Fact] // v2.6.23's own host looked at every exit
    public void The_ring_is_left_alone_while_nothing_is_pending()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Gate(14, 0xC0003000);
        guest.Ring(0, Call.Ts, 1);
        guest.Code().Trap(14, 0, 0x1234).Code();
        Assert.Equal(["#PF"], ScriptedGuest.Words(guest.Play()));
        Assert.Equal(ScriptedGuest.Ready, guest.RingStatus(0));
    }

    [Fact]
    public void The_rest_of_the_ring_and_the_direct_call_wait_until_a_DMA_is_served()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.SendDma, 0, guest.TextDma("a")).Ring(1, Call.Ts, 1).Ring(2, Call.Ts, 0);
        guest.Hypercall(Call.SetClockEvent, 0);
        guest.Step(count: 2);
        Assert.Equal(Standstill.Dma, guest.Guest.Standstill);
        Assert.Equal([ScriptedGuest.Done, ScriptedGuest.Ready, ScriptedGuest.Ready], Enumerable.Range(0, 3).Select(guest.RingStatus));
        Assert.Equal(["console <- a", "TS[1]", "TS[2]", "SET_CLOCKEVENT"], ScriptedGuest.Words(guest.Play()));
    }

    [Fact]
    public void After_a_DMA_the_drain_goes_on_with_a_new_snapshot()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.SendDma, 0, guest.TextDma("a"));
        guest.Hypercall(Call.FlushAsync);
        guest.Step(count: 2);
        guest.Ring(1, Call.Ts, 1);
        Assert.Equal(["console <- a", "TS[1]", "FLUSH_ASYNC"], ScriptedGuest.Words(guest.Play()));
    }

    [Fact]
    public void An_entry_added_during_a_drain_waits_for_the_next_one()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.Ts, 1).Ring(1, Call.Ts, 0);
        guest.Hypercall(Call.FlushAsync).Hypercall(Call.FlushAsync);
        guest.Step(count: 2);
        guest.Ring(2, Call.Ts, 1);
        Assert.Equal(["TS[1]", "FLUSH_ASYNC", "TS[2]", "FLUSH_ASYNC"], ScriptedGuest.Words(guest.Play()));
    }

    [Fact]
    public void A_slot_is_free_only_once_its_call_is_done()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.Ts, 1).Ring(1, 11);
        guest.Hypercall(Call.FlushAsync);
        guest.Step();
        Assert.Equal(ScriptedGuest.Ready, guest.RingStatus(0));
        guest.Step();
        Assert.Equal(ScriptedGuest.Done, guest.RingStatus(0));
        guest.Step();
        Assert.Equal("Bad hypercall 11", guest.Ending);
        Assert.Equal(ScriptedGuest.Ready, guest.RingStatus(1));
    }

    [Fact]
    public void A_SEND_DMA_made_directly_is_done_before_it_is_served()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.SendDma, 0, guest.TextDma("now"));
        guest.Step();
        Assert.Equal(["SEND_DMA"], ScriptedGuest.Words(guest.Step()));
        Assert.Null(guest.Guest.PendingHypercall);
        Assert.NotNull(guest.Guest.PendingDma);
        Assert.Equal(["console <- now"], ScriptedGuest.Words(guest.Play()));
        Assert.Null(guest.Guest.PendingDma);
    }

    [Theory] // enabling interrupts is a plain store, which traps nowhere
    [InlineData(ClockKind.Host, 1_000_000)]
    [InlineData(ClockKind.Virtual, 10_000)]
    public void While_an_interrupt_waits_the_vCPU_comes_out_soon(ClockKind clock, long most)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised(clock);
        guest.Gate(0x21, 0xC0003000);
        guest.IrqEnabled = 0;
        guest.Guest.Machine.Interrupts.Raise(1);
        guest.Code().Code().Code(_ => guest.IrqEnabled = Eflags.Interrupt);
        List<LguestEvent> events = guest.Play();
        Assert.Equal(["irq 1"], ScriptedGuest.Words(events));
        Assert.All(guest.Cpu.Budgets.Take(3), budget => Assert.InRange(budget, 1, most));
    }

    [Fact]
    public void After_CRASH_in_the_ring_nothing_more_runs()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.Crash, guest.CrashText("enough")).Ring(1, Call.Ts, 1);
        guest.Hypercall(Call.BindDma, Key, ScriptedGuest.BufferAddress, OneBufferIrq5).Code();
        Assert.Equal(["CRASH[0]", "ended: CRASH: enough"], ScriptedGuest.Words(guest.Play()));
        Assert.Equal(ScriptedGuest.Ready, guest.RingStatus(1));
        Assert.Empty(guest.Guest.Bindings.All);
        Assert.Equal(2, guest.Cpu.Left);        // the code, and the end of the script
    }

    [Fact]
    public void After_a_kill_in_the_ring_nothing_more_runs()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.SetStack, 0x68, 0, 0).Ring(1, Call.Ts, 1);
        guest.Hypercall(Call.BindDma, Key, ScriptedGuest.BufferAddress, OneBufferIrq5).Code();
        Assert.Equal(["ended: bad stack segment 0x68"], ScriptedGuest.Words(guest.Play()));
        Assert.Empty(guest.Guest.Bindings.All);
        Assert.False(guest.Cpu.TaskSwitched);
        Assert.Equal(2, guest.Cpu.Left);
    }

    [Fact]
    public void After_the_direct_call_has_ended_the_guest_the_vCPU_does_not_run()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.Crash, guest.CrashText("Power down")).Code();
        Assert.Equal(["CRASH", "ended: Power down"], ScriptedGuest.Words(guest.Play()));
        Assert.Equal(2, guest.Cpu.Left);
    }

    [Fact]
    public void After_Stop_in_the_middle_of_a_drain_nothing_more_runs()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.Ts, 1).Ring(1, Call.Ts, 0);
        guest.Hypercall(Call.BindDma, Key, ScriptedGuest.BufferAddress, OneBufferIrq5);
        List<LguestEvent> events = [];
        foreach (LguestEvent happened in guest.Guest.Run(new RunOptions { Driver = "first" }))
        {
            events.Add(happened);
            guest.Guest.Stop();
        }
        Assert.Equal(["TS[0]", "ended: stopped"], ScriptedGuest.Words(events));
        Assert.Equal(ScriptedGuest.Ready, guest.RingStatus(1));
        Assert.Empty(guest.Guest.Bindings.All);
    }

    [Fact]
    public void LGUEST_INIT_comes_first_and_does_not_drain_the_ring()
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh();
        guest.FreeRing();
        guest.Ring(0, Call.Ts, 1);
        guest.Hypercall(Call.LguestInit, ScriptedGuest.DataAddress);
        Assert.Equal(["LGUEST_INIT"], ScriptedGuest.Words(guest.Play()));
        Assert.Equal(ScriptedGuest.Ready, guest.RingStatus(0));
        guest.Hypercall(Call.FlushAsync);
        Assert.Equal(["TS[0]", "FLUSH_ASYNC"], ScriptedGuest.Words(guest.Play()));
    }

    [Theory]
    [InlineData(Call.FlushAsync)]
    [InlineData(Call.Crash)]
    [InlineData(Call.SendDma)]
    [InlineData(99u)]
    public void Any_call_before_LGUEST_INIT_kills(uint number)
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh();
        guest.Hypercall(number).Play();
        Assert.Equal($"hypercall {number} before LGUEST_INIT", guest.Ending);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_second_LGUEST_INIT_kills(bool inTheRing)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        if (inTheRing) guest.Ring(0, Call.LguestInit, ScriptedGuest.DataAddress).Hypercall(Call.FlushAsync);
        else guest.Hypercall(Call.LguestInit, ScriptedGuest.DataAddress);
        guest.Play();
        Assert.Equal("already have lguest_data", guest.Ending);
    }

    /// <summary>A guest with calls and text in the ring, traps of its own and interrupts; and how it is driven.</summary>
    private static string[] BusyGuest(Func<ScriptedGuest, List<LguestEvent>> drive)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised(ClockKind.Virtual);
        guest.Gate(0x20, 0xC0003000).Gate(14, 0xC0003000, type: 0xF);
        uint first = guest.TextDma("one", ScriptedGuest.DmaAddress, ScriptedGuest.TextAddress);
        uint second = guest.TextDma("two", ScriptedGuest.DmaAddress + 0x100, ScriptedGuest.TextAddress + 0x100);
        guest.Ring(0, Call.Ts, 1).Ring(1, Call.SendDma, 0, first).Ring(2, Call.Ts, 0);
        guest.Hypercall(Call.SendDma, 0, second)
            .Trap(14, 2, 0x5000)
            .Hypercall(() => guest.Ring(3, Call.SetClockEvent, 1), Call.BindDma, Key, ScriptedGuest.BufferAddress, OneBufferIrq5)
            .Hypercall(Call.Halt)
            .Hypercall(() => guest.Ring(4, Call.SendDma, 0, first), Call.FlushAsync)
            .Hypercall(Call.Crash, ScriptedGuest.BufferAddress);
        return ScriptedGuest.Words(drive(guest));
    }
}
