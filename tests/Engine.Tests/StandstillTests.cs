using Xunit;

namespace LguestPS.Tests;

/// <summary>The three places where a guest can stand still, and the steps from one to the next.</summary>
public class StandstillTests
{
    private const uint Key = 0x1000;

    [Fact]
    public void Steps_lead_through_a_drain_with_a_DMA_inside()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        uint dma = guest.TextDma("text");
        guest.Ring(0, Call.Ts, 1).Ring(1, Call.SendDma, 0, dma).Ring(2, Call.Ts, 0);
        guest.Hypercall(Call.BindDma, Key, ScriptedGuest.BufferAddress, 1 << 8 | 5).Hypercall(Call.FlushAsync);

        Assert.Empty(guest.Step());
        StandsBefore(guest, Standstill.Hypercall, "BIND_DMA", "TS", slot: 0);
        Assert.False(guest.Cpu.TaskSwitched);

        Assert.Equal(["TS[0]"], ScriptedGuest.Words(guest.Step()));
        StandsBefore(guest, Standstill.RingEntry, "BIND_DMA", "SEND_DMA", slot: 1);
        Assert.True(guest.Cpu.TaskSwitched);

        Assert.Equal(["SEND_DMA[1]"], ScriptedGuest.Words(guest.Step()));
        StandsBefore(guest, Standstill.Dma, "BIND_DMA", "TS", slot: 2);
        Assert.Equal(new PendingDma(0, dma, "console"), guest.Guest.PendingDma);
        Assert.Equal("", guest.Guest.ConsoleText);

        Assert.Equal(["console <- text"], ScriptedGuest.Words(guest.Step()));
        StandsBefore(guest, Standstill.RingEntry, "BIND_DMA", "TS", slot: 2);
        Assert.Null(guest.Guest.PendingDma);
        Assert.Equal("text", guest.Guest.ConsoleText);

        Assert.Equal(["TS[2]"], ScriptedGuest.Words(guest.Step()));
        StandsBefore(guest, Standstill.Hypercall, "BIND_DMA", "BIND_DMA", slot: null);
        Assert.Empty(guest.Guest.Bindings.All);

        Assert.Equal(["BIND_DMA"], ScriptedGuest.Words(guest.Step()));
        StandsBefore(guest, Standstill.Hypercall, "FLUSH_ASYNC", "FLUSH_ASYNC", slot: null);
        Assert.Single(guest.Guest.Bindings.All);
    }

    [Fact]
    public void A_direct_SEND_DMA_stands_still_twice()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        uint dma = guest.TextDma("x");
        guest.Hypercall(Call.SendDma, 8, dma).Hypercall(Call.FlushAsync);
        guest.Step();
        StandsBefore(guest, Standstill.Hypercall, "SEND_DMA", "SEND_DMA", slot: null);
        guest.Step();
        Assert.Equal(Standstill.Dma, guest.Guest.Standstill);
        Assert.Equal(new PendingDma(8, dma, Device: null), guest.Guest.PendingDma);
        Assert.Null(guest.Guest.PendingHypercall);
        Assert.Null(guest.Guest.NextCall);
        guest.Step();
        Assert.Equal(Standstill.Hypercall, guest.Guest.Standstill);
        Assert.Null(guest.Guest.PendingDma);
    }

    [Fact]
    public void A_pending_call_shows_its_arguments_before_anything_is_done()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.SetPte, 0x5000, 0xC0001000, 0x67);
        guest.Step();
        Hypercall call = guest.Guest.PendingHypercall!;
        Assert.Equal((Call.SetPte, HypercallOrigin.Trap, guest.Cpu.Registers.Eip), (call.Number, call.Origin, call.Eip));
        Assert.Equal([0x5000, 0xC0001000, 0x67], call.Arguments);
        Assert.Equal("directory=0x00005000 address=0xc0001000 entry=0x00000067 (frame 0x0 P RW US A D)", call.Decoded);
        Assert.Empty(guest.Cpu.Flushes);
    }

    [Fact]
    public void Before_LGUEST_INIT_the_next_call_is_the_direct_one()
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh();
        guest.Hypercall(Call.LguestInit, ScriptedGuest.DataAddress);
        guest.Step();
        StandsBefore(guest, Standstill.Hypercall, "LGUEST_INIT", "LGUEST_INIT", slot: null);
    }

    [Fact]
    public void Count_goes_over_that_many_standstills()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.Ts, 1).Ring(1, Call.SendDma, 0, guest.TextDma("a"));
        guest.Hypercall(Call.FlushAsync).Hypercall(Call.SetClockEvent, 0);
        Assert.Equal(["TS[0]"], ScriptedGuest.Words(guest.Step(count: 2)));
        Assert.Equal(["SEND_DMA[1]", "console <- a"], ScriptedGuest.Words(guest.Step(count: 2)));
        Assert.Equal(["FLUSH_ASYNC"], ScriptedGuest.Words(guest.Step(count: 1)));
        Assert.Equal("SET_CLOCKEVENT", guest.Guest.NextCall!.Name);
    }

    [Fact]
    public void A_count_below_one_is_refused()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        Assert.Throws<ArgumentOutOfRangeException>(() => guest.Step(count: 0));
    }

    [Fact]
    public void Stepping_to_a_hypercall_stops_before_it_in_the_ring_and_direct()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.Ts, 1).Ring(1, Call.SetPte, 0, 0x1000, 0).Ring(2, Call.Ts, 0);
        guest.Hypercall(Call.FlushAsync).Hypercall(Call.SetPte, 0, 0x2000, 0).Hypercall(Call.SetPte, 0, 0x3000, 0);

        Assert.Equal(["TS[0]"], ScriptedGuest.Words(guest.Step(StepUnit.Hypercall, hypercall: Call.SetPte)));
        StandsBefore(guest, Standstill.RingEntry, "FLUSH_ASYNC", "SET_PTE", slot: 1);
        Assert.Equal(["SET_PTE[1]", "TS[2]", "FLUSH_ASYNC"], ScriptedGuest.Words(guest.Step(StepUnit.Hypercall, hypercall: Call.SetPte)));
        StandsBefore(guest, Standstill.Hypercall, "SET_PTE", "SET_PTE", slot: null);
        Assert.Equal(0x2000u, guest.Guest.NextCall!.Arguments[1]);
        guest.Step(StepUnit.Hypercall, hypercall: Call.SetPte);
        Assert.Equal(0x3000u, guest.Guest.NextCall!.Arguments[1]);
    }

    [Fact]
    public void Stepping_to_a_hypercall_counts_those()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.Ts, 1).Ring(1, Call.SetPmd, 0, 1).Ring(2, Call.Ts, 0);
        guest.Hypercall(Call.Ts, 1);
        guest.Step(StepUnit.Hypercall, count: 3, hypercall: Call.Ts);
        StandsBefore(guest, Standstill.Hypercall, "TS", "TS", slot: null);
    }

    [Fact]
    public void Stepping_by_instruction_runs_one_at_a_time()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Code(cpu => cpu.Registers.Ecx = 1).Code(cpu => cpu.Registers.Ecx = 2).Code(cpu => cpu.Registers.Ecx = 3).Code(cpu => cpu.Registers.Ecx = 4);
        guest.Step(StepUnit.Instruction);
        Assert.Equal(1u, guest.Guest.Registers.Ecx);
        Assert.Equal(Standstill.Instruction, guest.Guest.Standstill);
        guest.Step(StepUnit.Instruction, count: 2);
        Assert.Equal(3u, guest.Guest.Registers.Ecx);
        Assert.All(guest.Cpu.Budgets, budget => Assert.Equal(1, budget));
    }

    [Fact]
    public void Stepping_by_instruction_stops_inside_a_pending_call_too()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.SendDma, 0, guest.TextDma("a"));
        guest.Hypercall(Call.FlushAsync).Code();
        string[][] steps = [.. Enumerable.Range(0, 5).Select(_ => ScriptedGuest.Words(guest.Step(StepUnit.Instruction)))];
        Assert.Equal([[], ["SEND_DMA[0]"], ["console <- a"], ["FLUSH_ASYNC"], []], steps);
    }

    [Fact]
    public void A_kick_left_over_from_an_earlier_stop_is_no_step()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Code(cpu => cpu.Registers.Ecx = 7);
        guest.Cpu.Kick();
        guest.Step(StepUnit.Instruction);
        Assert.Equal(7u, guest.Guest.Registers.Ecx);
    }

    [Fact]
    public void A_step_that_ends_the_guest_gives_its_end()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.Crash, guest.CrashText("Power down"));
        guest.Step();
        Assert.Equal(["CRASH", "ended: Power down"], ScriptedGuest.Words(guest.Step()));
        Assert.Equal((Standstill.Ended, GuestState.Ended), (guest.Guest.Standstill, guest.Guest.State));
        LguestException refused = Assert.Throws<LguestException>(() => guest.Step());
        Assert.Equal(LguestError.GuestEnded, refused.Error);
    }

    [Fact]
    public void A_step_towards_a_call_that_never_comes_ends_where_the_guest_waits()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.Ts, 1).Hypercall(Call.Halt);
        Assert.Equal(["TS", "HALT"], ScriptedGuest.Words(guest.Step(StepUnit.Hypercall, hypercall: Call.LoadGdt)));
        Assert.Equal(Standstill.WaitingForInput, guest.Guest.Standstill);
    }

    [Fact]
    public void Leaving_early_says_where_the_guest_stands()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.Ts, 1).Ring(1, Call.SendDma, 0, guest.TextDma("a")).Ring(2, Call.Ts, 0);
        guest.Hypercall(Call.FlushAsync).Code();
        Standstill[] stood = [.. Enumerable.Range(0, 5).Select(_ =>
        {
            Assert.Single(guest.Guest.Run(new RunOptions { Driver = "first" }).Take(1));
            return guest.Guest.Standstill;
        })];
        Assert.Equal([Standstill.RingEntry, Standstill.Dma, Standstill.RingEntry, Standstill.Hypercall, Standstill.Instruction], stood);
    }

    private static void StandsBefore(ScriptedGuest guest, Standstill standstill, string pending, string next, int? slot)
    {
        Assert.Equal(standstill, guest.Guest.Standstill);
        Assert.Equal(pending, guest.Guest.PendingHypercall!.Name);
        Assert.Equal((next, slot), (guest.Guest.NextCall!.Name, guest.Guest.NextCall.Slot));
    }
}
