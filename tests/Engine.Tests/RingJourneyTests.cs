using Xunit;

namespace LguestPS.Tests;

/// <summary>How a ring entry gets from guest memory to where it is done: parsed once, however many look at it on the way.</summary>
public class RingJourneyTests
{
    private const int BytesPerHypercall = 64;

    [Fact]
    public void The_entry_that_was_looked_at_is_the_one_that_is_done()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.Ts, 1).Hypercall(Call.FlushAsync);
        guest.Step();
        Hypercall looked = guest.Guest.NextCall!;
        Assert.Equal((Call.Ts, (int?)0), (looked.Number, looked.Slot));
        Assert.Same(looked, guest.Guest.NextCall);
        Assert.Same(looked, Assert.IsType<HypercallEvent>(Assert.Single(guest.Step())).Call);
    }

    [Fact]
    public void Words_that_change_while_the_guest_stands_before_the_entry_are_what_is_done()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.Ts, 1).Hypercall(Call.FlushAsync);
        guest.Step();
        Assert.Equal(1u, guest.Guest.NextCall!.Arguments[0]);
        guest.Ring(0, Call.Ts, 0);
        Assert.Equal(0u, guest.Guest.NextCall!.Arguments[0]);
        guest.Step();
        Assert.False(guest.Guest.Machine.WantsFpuTrap);
    }

    [Fact]
    public void The_same_words_in_the_next_drain_are_another_call()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.Ts, 1).Hypercall(Call.FlushAsync).Play();
        for (int slot = 1; slot < 64; slot++) guest.Ring(slot, Call.Ts, 1);
        guest.Hypercall(Call.FlushAsync).Play();
        guest.Ring(0, Call.Ts, 1).Hypercall(Call.FlushAsync);
        guest.Cpu.Registers.Eip = 0xC0001234;
        guest.Step();
        Assert.Equal(0xC0001234, guest.Guest.NextCall!.Eip);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // each entry is then looked at before it is done
    public void A_ring_entry_costs_one_object(bool breakpoint)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        if (breakpoint) guest.Guest.Interceptor.Add(new HypercallTarget([Call.Crash], "CRASH"), condition: null, action: null, enabled: true);
        const int Entries = 60;
        long Allocated(int entries)
        {
            for (int i = 0; i < entries; i++) guest.Ring((guest.Guest.Ring.Cursor + i) % 64, Call.Ts, (uint)i & 1);
            long before = GC.GetAllocatedBytesForCurrentThread();
            guest.Hypercall(Call.FlushAsync).Play(EventFilter.Nothing);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        for (int i = 0; i < 3; i++) Allocated(Entries);
        long entriesAlone = Allocated(Entries) - Allocated(0);
        Assert.InRange(entriesAlone, Entries * 32, Entries * BytesPerHypercall);
    }
}
