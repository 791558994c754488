using LguestPS.Cpu;
using Xunit;

namespace LguestPS.Tests.DeviceMemory;

/// <summary>What users see of accesses to devices: events, places to stand still, breakpoints, and the way back over them.</summary>
public class DeviceEventTests
{
    /// <summary>mov byte [0x300014], 1; the same with 2; mov ax, [0x300014].</summary>
    private static readonly byte[] Accesses = [0xC6, 0x05, 0x14, 0, 0x30, 0, 1, 0xC6, 0x05, 0x14, 0, 0x30, 0, 2, 0x66, 0xA1, 0x14, 0, 0x30, 0];

    private const int SecondAccess = 7, ThirdAccess = 14, Register = 0x14;

    [Fact]
    public void An_event_tells_device_register_direction_width_and_value()
    {
        using DeviceGuest guest = Start();
        List<TrapEvent> traps = guest.ToHandler();
        TrapEvent write = traps[1], read = traps[2];
        Assert.Equal(
            ("write register_14 of test0 = 0x02", "test0", "register_14", RegisterTransport.Address + Register, true, 1, 2u, null),
            (write.Access, write.Device, write.Register, write.PhysicalAddress!.Value, write.IsWrite!.Value, write.Width!.Value, write.Value!.Value, write.Port));
        Assert.Equal($"write register_14 of test0 = 0x02 from ring 1 eip 0x{DeviceGuest.Code + SecondAccess:x8}", write.Summary);
        Assert.Equal(("read register_14 of test0 = 0x0002", false, 2), (read.Access, read.IsWrite!.Value, read.Width!.Value));
        Assert.Equal((null, null, null, null, null), (traps[3].Access, traps[3].Device, traps[3].IsWrite, traps[3].Width, traps[3].Value));
    }

    [Fact]
    public void Where_nothing_answers_an_event_tells_the_address()
    {
        using DeviceGuest guest = new(DeviceGuest.Chains);
        guest.Entry = DeviceGuest.Ram | DeviceGuest.Everybody;
        guest.Prepare(DeviceGuest.InRing(1), 0xA1, 0x20, 0, 0x30, 0);
        TrapEvent read = guest.ToHandler()[0];
        Assert.Equal(($"read 0x{DeviceGuest.Ram + 0x20:x8} = 0xffffffff", null, DeviceGuest.Ram + 0x20), (read.Access, read.Device, read.PhysicalAddress!.Value));
    }

    [Fact]
    public void A_port_has_its_number()
    {
        using DeviceGuest guest = new(DeviceGuest.Chains);
        guest.Devices.PortValue = 0x1AF4;
        guest.Prepare(DeviceGuest.InRing(1) with { Edx = 0xCFC }, 0x66, 0xED, 0xE6, 0x80);
        List<TrapEvent> traps = guest.ToHandler();
        Assert.Equal(("read port 0x0cfc = 0x1af4", 0xCFCu, false, 2), (traps[0].Access, traps[0].Port!.Value, traps[0].IsWrite!.Value, traps[0].Width!.Value));
        Assert.Equal("write port 0x0080 = 0xf4", traps[1].Access);
    }

    [Fact]
    public void A_filter_of_devices_leaves_other_devices_out_and_other_traps_in()
    {
        using DeviceGuest guest = Start();
        Assert.Equal([Vector.InvalidOpcode], guest.ToHandler(EventFilter.Everything with { Devices = ["block0"] }).Select(trap => trap.Vector));
        using DeviceGuest other = Start();
        Assert.Equal(4, other.ToHandler(EventFilter.Everything with { Devices = ["TEST0"] }).Count);
    }

    [Fact]
    public void A_guest_stands_still_before_an_access_and_a_checkpoint_from_there_does_it_again()
    {
        using DeviceGuest guest = Start();
        Step(guest, StepUnit.Trap);
        Step(guest, StepUnit.Trap);
        Assert.Equal(("write register_14 of test0 = 0x02", Standstill.Trap), (guest.Guest.PendingTrap!.Access, guest.Guest.Standstill));
        Assert.Equal("before trap #PF, write register_14 of test0 = 0x02", guest.Guest.StateReason);
        Assert.Equal(1, guest.Registers[Register]);
        Checkpoint checkpoint = guest.Guest.TakeCheckpoint();
        for (int i = 0; i < 2; i++)
        {
            Step(guest, StepUnit.Trap);
            Assert.Equal((2, "read register_14 of test0"), (guest.Registers[Register], guest.Guest.PendingTrap!.Access));
            guest.Guest.Restore(checkpoint);
            Assert.Equal((1, "write register_14 of test0 = 0x02"), (guest.Registers[Register], guest.Guest.PendingTrap!.Access));
        }
    }

    [Fact]
    public void What_the_guest_would_do_is_asked_for_without_doing_it()
    {
        using DeviceGuest guest = Start();
        Step(guest, StepUnit.Trap);
        Assert.Equal("deal with the trap #PF, write register_14 of test0 = 0x01", guest.Guest.Inspector.NextStep().Text);
        Assert.Empty(guest.Devices.Done);
    }

    [Fact]
    public void A_breakpoint_on_the_vector_meets_accesses_and_its_condition_can_choose()
    {
        using DeviceGuest guest = Start();
        Breakpoint breakpoint = guest.Guest.AddBreakpoint(new TrapTarget(Vector.PageFault), hit => hit.Trap!.Access is { } access && access.EndsWith("0x02", StringComparison.Ordinal));
        guest.ToHandler();
        Assert.Equal((Standstill.Breakpoint, 1L, (byte)1, DeviceGuest.Code + SecondAccess), (guest.Guest.Standstill, breakpoint.HitCount, guest.Registers[Register], guest.Guest.Registers.Eip));
    }

    [Fact]
    public void An_instruction_that_is_an_access_is_one_step_there_and_back()
    {
        using DeviceGuest guest = Start();
        guest.Guest.Record();
        for (int i = 1; i <= 3; i++) Step(guest, StepUnit.Instruction);
        Assert.Equal((DeviceGuest.Code + (uint)Accesses.Length, 2, 2u), (guest.Guest.Registers.Eip, guest.Registers[Register], guest.Guest.Registers.Eax));
        foreach ((uint eip, int value) in (ReadOnlySpan<(uint, int)>)[(ThirdAccess, 2), (SecondAccess, 1), (0, 0)])
        {
            Assert.True(guest.Guest.StepBack(new StepBackOptions { Driver = "the test", Unit = StepUnit.Instruction }));
            Assert.Equal((DeviceGuest.Code + eip, value), (guest.Guest.Registers.Eip, guest.Registers[Register]));
        }
        Assert.Equal(4, guest.ToHandler().Count);
        Assert.Equal(2, guest.Registers[Register]);
    }

    [Fact]
    public void A_summary_counts_accesses_apart_from_the_guests_own_traps()
    {
        using DeviceGuest guest = new(DeviceGuest.Chains);
        guest.Prepare(DeviceGuest.InRing(1), [.. Accesses, 0xE4, 0x64, 0x01, 0x05, 0x14, 0, 0x30, 0]);         // in al, 0x64; add [0x300014], eax
        guest.Guest.Machine.Gates.Load(Vector.PageFault, 0, 0);
        guest.Guest.Run(new RunOptions { Driver = "the test", Filter = EventFilter.Nothing, CollectSummary = true }).ToArray();
        Assert.Equal([("device memory", 3L), ("ports", 1L)], guest.Guest.Summary!.Rows.Select(row => (row.Name, row.Count)));
    }

    [Fact]
    public void Nobody_who_looks_at_events_changes_what_happens()
    {
        using DeviceGuest watched = Start(), unwatched = Start();
        watched.ToHandler();
        unwatched.ToHandler(EventFilter.Nothing);
        Assert.Equal((watched.State(), watched.Guest.EventCount, watched.Guest.Clock.Now), (unwatched.State(), unwatched.Guest.EventCount, unwatched.Guest.Clock.Now));
        Assert.Equal(watched.Devices.Done, unwatched.Devices.Done);
    }

    private static DeviceGuest Start()
    {
        DeviceGuest guest = new(DeviceGuest.Chains);
        guest.Prepare(DeviceGuest.InRing(1), Accesses);
        return guest;
    }

    private static void Step(DeviceGuest guest, StepUnit unit) => guest.Guest.Step(new StepOptions { Driver = "the test", Unit = unit }).ToArray();
}
