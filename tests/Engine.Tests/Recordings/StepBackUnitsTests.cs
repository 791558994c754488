using Xunit;

namespace LguestPS.Tests.Recordings;

/// <summary>Everything a guest can step to forwards, it can step back to.</summary>
public class StepBackUnitsTests
{
    public static TheoryData<string, StepUnit> Units => new()
    {
        { "example-paging", StepUnit.Trap }, { "minikernel", StepUnit.Trap }, { "example-timer", StepUnit.Interrupt }, { "minikernel", StepUnit.Interrupt },
        { "example-timer", StepUnit.Any }, { "example-disk", StepUnit.Any },
    };

    [Theory]
    [MemberData(nameof(Units))]
    public void Traps_and_interrupts_are_gone_back_to_one_by_one(string name, StepUnit unit)
    {
        using Guest guest = Recorded(name);
        List<string> seen = [];
        while (seen.Count < 60 && Step(guest, new StepOptions { Driver = "the test", Unit = unit })) seen.Add(Shown(guest));
        Assert.InRange(seen.Count, 2, 60);
        if (!guest.HasEnded) seen.RemoveAt(seen.Count - 1);     // there it stands
        StepBackOptions back = new() { Driver = "the test", Unit = unit };
        for (int i = seen.Count - 1; i >= 0; i--)
        {
            Assert.True(guest.StepBack(back));
            Assert.Equal(seen[i], Shown(guest));
        }
        Assert.False(guest.StepBack(back));
        Assert.Equal(GuestState.Created, guest.State);
        Assert.True(guest.Timeline.MoveTo(new MoveOptions { Driver = "the test", To = PositionExpression.Now }));
        Assert.True(guest.StepBack(back with { Count = seen.Count }));
        Assert.Equal(seen[0], Shown(guest));
    }

    [Fact]
    public void One_vector_or_interrupt_is_found_among_others()
    {
        using Guest guest = Recorded("example-paging");
        Finish(guest);
        Assert.True(guest.StepBack(new StepBackOptions { Driver = "the test", Unit = StepUnit.Trap, Vector = 0x80 }));
        Assert.Equal(0x80, guest.PendingTrap!.Vector);
        Assert.True(guest.StepBack(new StepBackOptions { Driver = "the test", Unit = StepUnit.Trap, Vector = 14 }));
        Assert.Equal((14, Standstill.Trap), (guest.PendingTrap!.Vector, guest.Standstill));
        Assert.False(guest.StepBack(new StepBackOptions { Driver = "the test", Unit = StepUnit.Interrupt, Irq = 31 }));
    }

    [Fact]
    public void The_last_time_at_an_address_is_found()
    {
        using Guest guest = Recorded("example-timer");
        uint address = guest.Symbols!.AddressOf("sleep_until")!.Value;
        List<string> seen = [];
        while (Step(guest, new StepOptions { Driver = "the test", Unit = StepUnit.Address, Address = address })) seen.Add(Shown(guest));
        Assert.InRange(seen.Count, 2, 1000);
        for (int i = seen.Count - 1; i >= 0; i--)
        {
            Assert.True(guest.StepBack(new StepBackOptions { Driver = "the test", Unit = StepUnit.Address, Address = address }));
            Assert.Equal((seen[i], address), (Shown(guest), guest.Registers.Eip));
        }
        Assert.False(guest.StepBack(new StepBackOptions { Driver = "the test", Unit = StepUnit.Address, Address = address }));
    }

    [Theory]
    [InlineData("example-timer", "sleep_until", 40)]
    [InlineData("example-paging", "main", 60)]
    public void Back_over_is_the_way_that_over_has_come(string name, string function, int steps)
    {
        using Guest guest = Recorded(name);
        Assert.True(Step(guest, new StepOptions { Driver = "the test", Unit = StepUnit.Address, Address = guest.Symbols!.AddressOf(function)!.Value }));
        uint esp = guest.Registers.Esp;
        List<string> seen = [Shown(guest)];
        int handled = 0;
        while (seen.Count < steps && Step(guest, new StepOptions { Driver = "the test", Unit = StepUnit.Over }) && guest.Registers.Esp <= esp)
        {
            // Forwards, a handler that interrupts the function is gone through; backwards, over.
            if (guest.Inspector.Describe(guest.Registers.Eip)?.Split('+')[0] == function) seen.Add(Shown(guest));
            else handled++;
        }
        Assert.Equal(name == "example-timer", handled > 0);
        Assert.InRange(seen.Count, 10, steps);
        while (guest.HasEnded || Shown(guest) != seen[^1]) Assert.True(guest.StepBack(new StepBackOptions { Driver = "the test", Unit = StepUnit.Instruction }));
        for (int i = seen.Count - 2; i >= 0; i--)
        {
            Assert.True(guest.StepBack(new StepBackOptions { Driver = "the test", Unit = StepUnit.Over }));
            Assert.Equal(seen[i], Shown(guest));
        }
    }

    [Fact]
    public void Back_out_leads_to_the_call_and_over_it_to_where_out_leads()
    {
        using Guest guest = Recorded("example-timer");
        uint address = guest.Symbols!.AddressOf("sleep_until")!.Value;
        for (int i = 0; i < 2; i++) Assert.True(Step(guest, new StepOptions { Driver = "the test", Unit = StepUnit.Address, Address = address }));
        long entered = guest.InstructionCount!.Value;
        for (int i = 0; i < 6; i++) Step(guest, new StepOptions { Driver = "the test", Unit = StepUnit.Over });
        Assert.StartsWith("sleep_until", guest.Inspector.Describe(guest.Registers.Eip));
        RunPosition inside = guest.RunPosition;
        Assert.True(guest.StepBack(new StepBackOptions { Driver = "the test", Unit = StepUnit.Out }));
        Assert.Equal(entered - 1, guest.InstructionCount);
        Step(guest, new StepOptions { Driver = "the test", Unit = StepUnit.Over });
        string over = Shown(guest);
        Assert.True(guest.Timeline.MoveTo(new MoveOptions { Driver = "the test", To = PositionExpression.Of(inside) }));
        Step(guest, new StepOptions { Driver = "the test", Unit = StepUnit.Out });
        Assert.Equal(over, Shown(guest));
    }

    private static bool Step(Guest guest, StepOptions options)
    {
        if (!guest.HasEnded) _ = guest.Step(options).ToList();
        return !guest.HasEnded;
    }

    private static void Finish(Guest guest) => _ = guest.Run(new RunOptions { Driver = "the test" }).ToList();

    private static Guest Recorded(string name)
    {
        GuestRun run = GuestRun.All.Single(run => run.Name == name);
        Guest guest = Guest.Create(run.Definition(ClockKind.Virtual));
        if (run.Input is { } input) guest.SendConsole(input);
        guest.Record();
        return guest;
    }

    private static string Shown(Guest guest)
    {
        GuestRegisters r = guest.Registers;
        return $"{guest.EventCount} {guest.InstructionCount} {guest.GuestTime.Ticks} {guest.PendingTrap} {guest.PendingInterrupt} {guest.PendingDma} {guest.NextCall} "
            + $"{r.Eax:x} {r.Ebx:x} {r.Ecx:x} {r.Edx:x} {r.Esi:x} {r.Edi:x} {r.Esp:x} {r.Ebp:x} {r.Eip:x} {r.Eflags:x} {r.Cs:x}";
    }
}
