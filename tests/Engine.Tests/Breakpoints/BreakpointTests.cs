using LguestPS.Cpu;
using Xunit;

namespace LguestPS.Tests.Breakpoints;

/// <summary>A guest stops at its breakpoints before what is next is done, once, and goes on as if nothing had been.</summary>
public class BreakpointTests
{
    [Fact]
    public void A_direct_call_is_stopped_before_it_is_done_and_then_done_once()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        Breakpoint breakpoint = guest.Guest.AddBreakpoint(On(Call.Ts));
        guest.Hypercall(Call.FlushAsync).Hypercall(Call.Ts, 1).Hypercall(Call.FlushAsync);

        Assert.Equal(["FLUSH_ASYNC"], ScriptedGuest.Words(guest.Play()));
        Assert.Equal(Standstill.Breakpoint, guest.Guest.Standstill);
        Assert.Equal($"breakpoint {breakpoint.Id}: TS(set=1)", guest.Guest.StateReason);
        Assert.Equal("TS", guest.Guest.BreakpointHit!.Hypercall!.Name);
        Assert.False(guest.Cpu.TaskSwitched);

        Assert.Equal(["TS", "FLUSH_ASYNC"], ScriptedGuest.Words(guest.Play()));
        Assert.Equal(1, breakpoint.HitCount);
        Assert.Null(guest.Guest.BreakpointHit);
    }

    [Fact]
    public void A_ring_entry_is_stopped_inside_the_drain()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Guest.AddBreakpoint(On(Call.Ts, (0, 0)));
        guest.Ring(0, Call.Ts, 1).Ring(1, Call.Ts, 0).Ring(2, Call.Ts, 1).Hypercall(Call.FlushAsync);
        Assert.Equal(["TS[0]"], ScriptedGuest.Words(guest.Play()));
        Assert.Equal(Standstill.Breakpoint, guest.Guest.Standstill);
        Assert.Equal((1, "FLUSH_ASYNC"), (guest.Guest.NextCall!.Slot, guest.Guest.PendingHypercall!.Name));
        Assert.Equal(["TS[1]", "TS[2]", "FLUSH_ASYNC"], ScriptedGuest.Words(guest.Play()));
    }

    [Fact]
    public void Arguments_are_matched_as_words()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        Breakpoint breakpoint = guest.Guest.AddBreakpoint(On(Call.SetPte, (1, 0xC0001000), (2, 0x67)));
        guest.Hypercall(Call.SetPte, 0x5000, 0xC0001000, 0x66).Hypercall(Call.SetPte, 0x5000, 0xC0002000, 0x67).Hypercall(Call.SetPte, 0x6000, 0xC0001000, 0x67);
        Assert.Equal(2, guest.Play().Count);
        Assert.Equal([0x6000, 0xC0001000, 0x67], guest.Guest.BreakpointHit!.Hypercall!.Arguments);
        Assert.Equal("SET_PTE where address=0xc0001000 entry=0x67", breakpoint.What);
    }

    [Fact]
    public void A_DMA_is_stopped_before_its_device_serves_it()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Guest.AddBreakpoint(new DmaTarget(Key: null, "console"));
        guest.Hypercall(Call.SendDma, 0, guest.TextDma("text")).Hypercall(Call.FlushAsync);
        Assert.Equal(["SEND_DMA"], ScriptedGuest.Words(guest.Play()));
        Assert.Equal((Standstill.Breakpoint, ""), (guest.Guest.Standstill, guest.Guest.ConsoleText));
        Assert.Equal(["console <- text", "FLUSH_ASYNC"], ScriptedGuest.Words(guest.Play()));
    }

    [Fact]
    public void A_trap_is_stopped_before_it_is_reflected_and_reflected_once()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Guest.AddBreakpoint(new TrapTarget(Vector.PageFault));
        guest.Gate(14, 0xC0101000).Gate(6, 0xC0102000);
        guest.Trap(Vector.InvalidOpcode).Trap(Vector.PageFault, 2, 0x1234).Hypercall(Call.FlushAsync);

        Assert.Equal(["#UD"], ScriptedGuest.Words(guest.Play()));
        Assert.Equal((byte)14, guest.Guest.PendingTrap!.Vector);
        Assert.Equal((0xC0102000u, 0u), (guest.Cpu.Registers.Eip, guest.Cr2));
        Assert.Equal("#PF at 0x00001234 error 2", guest.Guest.BreakpointHit!.What);

        Assert.Equal(["#PF", "FLUSH_ASYNC"], ScriptedGuest.Words(guest.Play()));
        Assert.Equal((0xC0101000u, 0x1234u), (guest.Cpu.Registers.Eip, guest.Cr2));
        Assert.Null(guest.Guest.PendingTrap);
    }

    [Fact]
    public void An_interrupt_is_stopped_before_it_is_delivered()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised(ClockKind.Virtual);
        guest.Guest.AddBreakpoint(new InterruptTarget(0));
        guest.Gate(0x20, 0xC0103000).IrqEnabled = 0x200;
        guest.Hypercall(Call.SetClockEvent, 1).Hypercall(Call.FlushAsync).Hypercall(Call.FlushAsync);
        List<LguestEvent> before = guest.Play();
        Assert.DoesNotContain(before, happened => happened is InterruptEvent);
        Assert.Equal((Standstill.Breakpoint, 0), (guest.Guest.Standstill, guest.Guest.PendingInterrupt));
        Assert.NotEqual(0xC0103000u, guest.Cpu.Registers.Eip);
        List<LguestEvent> after = guest.Play();
        Assert.Equal("irq 0", ScriptedGuest.Words(after)[0]);
        Assert.Single(after, happened => happened is InterruptEvent);
    }

    [Fact]
    public void A_condition_that_does_not_hold_is_no_hit_and_an_action_does_not_stop()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        List<uint> seen = [];
        Breakpoint never = guest.Guest.AddBreakpoint(On(Call.Ts), condition: _ => false);
        Breakpoint acting = guest.Guest.AddBreakpoint(On(Call.Ts), action: hit => seen.Add(hit.Hypercall!.Arguments[0]));
        guest.Hypercall(Call.Ts, 1).Hypercall(Call.Ts, 0);
        Assert.Equal(["TS", "TS"], ScriptedGuest.Words(guest.Play()));
        Assert.Equal((0, 2), (never.HitCount, acting.HitCount));
        Assert.Equal([1, 0], seen);
    }

    [Fact]
    public void One_that_is_disabled_or_removed_is_not_heeded()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        Breakpoint breakpoint = guest.Guest.AddBreakpoint(On(Call.Ts), enabled: false);
        Assert.Single(guest.Hypercall(Call.Ts, 1).Play());
        breakpoint.Enabled = true;
        Assert.Empty(guest.Hypercall(Call.Ts, 1).Play());
        Assert.True(guest.Guest.RemoveBreakpoint(breakpoint));
        Assert.False(guest.Guest.RemoveBreakpoint(breakpoint));
        Assert.Equal(2, guest.Hypercall(Call.Ts, 1).Play().Count);
        Assert.Empty(guest.Guest.Breakpoints);
    }

    [Fact]
    public void A_step_ends_at_a_breakpoint_too()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Guest.AddBreakpoint(On(Call.Ts));
        guest.Hypercall(Call.FlushAsync).Hypercall(Call.Ts, 1).Hypercall(Call.SetPmd);
        guest.Step(StepUnit.Hypercall, hypercall: Call.SetPmd);
        Assert.Equal((Standstill.Breakpoint, "TS"), (guest.Guest.Standstill, guest.Guest.NextCall!.Name));
        guest.Step(StepUnit.Hypercall, hypercall: Call.SetPmd);
        Assert.Equal((Standstill.Hypercall, "SET_PMD"), (guest.Guest.Standstill, guest.Guest.NextCall!.Name));
    }

    [Fact]
    public void A_CPU_that_cannot_watch_addresses_says_so()
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh();
        LguestException refused = Assert.Throws<LguestException>(() => guest.Guest.AddBreakpoint(new AddressTarget(0xC0100000, null)));
        Assert.Equal(LguestError.NotSupported, refused.Error);
        Assert.Empty(guest.Guest.Breakpoints);
    }

    [Fact] // a breakpoint must not change what a run does: only where it can be looked at
    public void A_run_with_breakpoints_that_only_count_is_the_same_run()
    {
        foreach (string name in (string[])["ring", "usermode", "tasks"])
        {
            GuestRun run = GuestRun.All.First(run => run.Name.Contains(name, StringComparison.OrdinalIgnoreCase));
            using Guest plain = Guest.Create(run.Definition(ClockKind.Virtual)), watched = Guest.Create(run.Definition(ClockKind.Virtual));
            uint data = watched.Symbols!.AddressOf("lguest_data")!.Value, call = watched.Symbols.AddressOf("hypercall") ?? watched.Registers.Eip;
            uint stack = watched.Symbols.AddressOf("kernel_stack") ?? data;
            int hits = 0;
            foreach (BreakpointTarget target in (BreakpointTarget[])
                [new HypercallTarget([.. watched.Abi.Hypercalls.Select(call => call.Number)], "*"), new TrapTarget(null), new InterruptTarget(null), new DmaTarget(null, null),
                 new MemoryTarget(data, 64, MemoryAccess.Read | MemoryAccess.Write, null), new MemoryTarget(stack, 64, MemoryAccess.Write, null), new AddressTarget(call, null)])
                watched.AddBreakpoint(target, action: _ => hits++);
            Assert.Equal(Trace(plain), Trace(watched));
            Assert.True(hits > 20, $"{name} came by {hits} times only");
        }
    }

    private static string[] Trace(Guest guest) =>
        [.. guest.Run(new RunOptions { Driver = "the test" }).Select(happened => $"{happened} {happened.GuestTime.Ticks}"), $"{guest.InstructionCount} {guest.Registers.Eip:x}"];

    internal static HypercallTarget On(uint number, params (int Index, uint Value)[] words) =>
        new([number], AbiProfile.Find("dma-2007-10")!.FindCall(number)!.Name)
        {
            Arguments = [.. words.Select(word => new ArgumentMatch(word.Index, AbiProfile.Find("dma-2007-10")!.FindCall(number)!.Parameters[word.Index].Name, word.Value))],
        };
}
