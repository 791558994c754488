using Xunit;

namespace LguestPS.Tests.Breakpoints;

/// <summary>What somebody does to a pending hypercall, and what the trace says of it.</summary>
public class HypercallEditorTests
{
    private const string Me = "the test";

    [Fact]
    public void A_direct_call_is_done_with_the_words_it_was_given_and_registers_stay()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.Ts, 0);
        guest.Step();
        uint edx = guest.Cpu.Registers.Edx;
        guest.Guest.Hypercalls.Set(Me, [new ArgumentMatch(0, "set", 1)]);
        Assert.Equal([1], guest.Guest.NextCall!.Arguments);

        List<LguestEvent> events = guest.Play();
        Assert.True(guest.Cpu.TaskSwitched);
        Assert.Equal(edx, guest.Cpu.Registers.Edx);
        InterventionEvent changed = Assert.IsType<InterventionEvent>(events[0]);
        Assert.Equal("the test TS.set 0x00000000 -> 0x00000001", changed.Summary);
        Assert.Equal([1], Assert.IsType<HypercallEvent>(events[1]).Arguments);
    }

    [Fact]
    public void A_ring_entry_is_changed_in_its_slot()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.Ts, 0).Hypercall(Call.FlushAsync);
        guest.Step();
        guest.Guest.Hypercalls.Set(Me, [new ArgumentMatch(0, "set", 1)]);
        Assert.Equal(["TS[0]", "FLUSH_ASYNC"], ScriptedGuest.Words(guest.Play(new EventFilter { Kinds = EventKinds.Hypercall })));
        Assert.True(guest.Cpu.TaskSwitched);
    }

    [Fact]
    public void A_skipped_call_is_not_done_and_makes_no_event_of_its_own()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.Ts, 1).Hypercall(Call.FlushAsync);
        guest.Step();
        guest.Guest.Hypercalls.Skip(Me, result: 42);
        Assert.Equal((42u, Standstill.Instruction), (guest.Cpu.Registers.Eax, guest.Guest.Standstill));
        Assert.Null(guest.Guest.PendingHypercall);
        List<LguestEvent> events = guest.Play();
        Assert.Equal("the test TS(set=1) = 42", events[0].Summary);
        Assert.Equal("FLUSH_ASYNC", Assert.IsType<HypercallEvent>(Assert.Single(events.Skip(1))).Name);
        Assert.False(guest.Cpu.TaskSwitched);
    }

    [Fact]
    public void A_skipped_ring_entry_gives_its_slot_back_and_the_rest_is_done()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.Ts, 1).Ring(1, Call.SetPmd).Hypercall(Call.FlushAsync);
        guest.Step();
        guest.Guest.Hypercalls.Skip(Me, result: null);
        Assert.Equal(ScriptedGuest.Done, guest.RingStatus(0));
        Assert.Equal(["SET_PMD[1]", "FLUSH_ASYNC"], ScriptedGuest.Words(guest.Play(new EventFilter { Kinds = EventKinds.Hypercall })));
        Assert.False(guest.Cpu.TaskSwitched);
    }

    [Fact]
    public void One_more_call_is_done_before_the_pending_one_and_leaves_eax_alone()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.FlushAsync);
        guest.Step();
        uint eax = guest.Cpu.Registers.Eax;
        Assert.Equal(1u, guest.Guest.Hypercalls.Invoke(Me, Call.BindDma, 0x1000, ScriptedGuest.BufferAddress, 1 << 8 | 5));
        Assert.Single(guest.Guest.Bindings.All);
        Assert.Equal(eax, guest.Cpu.Registers.Eax);
        List<LguestEvent> events = guest.Play();
        Assert.EndsWith(" = 1", Assert.IsType<InterventionEvent>(events[0]).Summary);
        Assert.Equal("FLUSH_ASYNC", Assert.IsType<HypercallEvent>(events[1]).Name);
    }

    [Fact]
    public void An_invoked_DMA_is_served_before_the_pending_call_which_stays()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        Breakpoint breakpoint = guest.Guest.AddBreakpoint(BreakpointTests.On(Call.FlushAsync));
        guest.Hypercall(Call.FlushAsync).Play();
        guest.Guest.Hypercalls.Invoke(Me, Call.SendDma, 0, guest.TextDma("mine"));
        Assert.Equal(Standstill.Dma, guest.Guest.Standstill);
        Assert.Equal(["console <- mine", "FLUSH_ASYNC"], ScriptedGuest.Words(guest.Play().Skip(1)));
        Assert.Equal(1, breakpoint.HitCount);
    }

    [Fact]
    public void What_cannot_be_right_is_refused_and_leaves_no_event()
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh();
        HypercallEditor calls = guest.Guest.Hypercalls;
        Refused(LguestError.NoPendingHypercall, () => calls.Skip(Me, null));
        Refused(LguestError.HypercallRefused, () => calls.Invoke(Me, Call.FlushAsync));
        guest.FreeRing();
        guest.Hypercall(Call.LguestInit, ScriptedGuest.DataAddress).Hypercall(Call.Ts, 1);
        guest.Step();
        Refused(LguestError.HypercallRefused, () => calls.Skip(Me, null));
        guest.Step();
        Refused(LguestError.HypercallRefused, () => calls.Invoke(Me, Call.LguestInit, ScriptedGuest.DataAddress));
        Refused(LguestError.HypercallRefused, () => calls.Invoke(Me, 11));
        Refused(LguestError.HypercallRefused, () => calls.Invoke(Me, Call.Ts, 1, 2));
        Refused(LguestError.HypercallRefused, () => calls.Set(Me, [new ArgumentMatch(1, "1", 0)]));
        Assert.Equal(["TS"], ScriptedGuest.Words(guest.Play()));
    }

    [Fact]
    public void A_call_that_breaks_a_rule_ends_the_guest_as_its_own_would()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        Assert.Null(guest.Guest.Hypercalls.Invoke(Me, Call.NewPageTable, 0xFFFFF000));
        Assert.Equal("bad page directory 0xfffff000", guest.Ending);
    }

    [Fact]
    public void A_breakpoints_action_may_do_it_and_nobody_else_meanwhile()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        LguestException? other = null;
        guest.Guest.AddBreakpoint(BreakpointTests.On(Call.Ts), action: hit =>
        {
            Thread another = new(() => other = Assert.Throws<LguestException>(() => hit.Guest.Hypercalls.Skip(Me, null)));
            another.Start();
            Assert.True(another.Join(TimeSpan.FromMinutes(5)));
            hit.Guest.Hypercalls.Skip(Me, null);
        });
        guest.Ring(0, Call.Ts, 1).Hypercall(Call.FlushAsync);
        Assert.Equal("FLUSH_ASYNC", Assert.Single(guest.Play().OfType<HypercallEvent>()).Name);
        Assert.Equal(LguestError.GuestBusy, other!.Error);
        Assert.False(guest.Cpu.TaskSwitched);
    }

    private static void Refused(LguestError expected, Action action) => Assert.Equal(expected, Assert.Throws<LguestException>(action).Error);
}
