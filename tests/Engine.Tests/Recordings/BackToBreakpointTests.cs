using LguestPS.Definitions;
using Xunit;

namespace LguestPS.Tests.Recordings;

/// <summary>Going back stops for the breakpoints that would have stopped the guest on its way on, in the opposite order.</summary>
public class BackToBreakpointTests
{
    [Fact]
    public void Hits_of_every_kind_come_again_last_one_first()
    {
        using Guest guest = Recorded();
        uint tasks = guest.Symbols!.AddressOf("tasks")!.Value, ticked = guest.Symbols.AddressOf("ticked")!.Value;
        guest.AddBreakpoint(new AddressTarget(guest.Symbols.AddressOf("schedule")!.Value, null));
        guest.AddBreakpoint(new MemoryTarget(ticked, 4, MemoryAccess.Write, null));
        guest.AddBreakpoint(new MemoryTarget(tasks, 48, MemoryAccess.Write, null));
        guest.AddBreakpoint(new HypercallTarget([Call.SetClockEvent], "SET_CLOCKEVENT"));
        guest.AddBreakpoint(new DmaTarget(null, "console"));
        guest.AddBreakpoint(new InterruptTarget(0));

        List<string> seen = [];
        while (!guest.HasEnded)
        {
            _ = guest.Run(new RunOptions { Driver = "the test" }).ToList();
            if (guest.BreakpointHit is { } hit) seen.Add(Shown(guest, hit));
        }
        Assert.InRange(seen.Count, 30, 1000);
        Assert.Equal(6, guest.Breakpoints.Count(breakpoint => breakpoint.HitCount > 0));

        for (int i = seen.Count - 1; i >= 0; i--)
        {
            Assert.True(GoBack(guest));
            if (guest.BreakpointHit is null)
            {
                // It stands before the access, so the next thing it does is that.
                Assert.Equal(Standstill.Instruction, guest.Standstill);
                long before = guest.InstructionCount!.Value;
                _ = guest.Run(new RunOptions { Driver = "the test" }).ToList();
                Assert.Equal(before + 1, guest.InstructionCount);
                Assert.Equal(seen[i], Shown(guest, guest.BreakpointHit!));
                Assert.True(GoBack(guest));
                Assert.Equal(before, guest.InstructionCount);
            }
            else
            {
                Assert.Equal(seen[i], Shown(guest, guest.BreakpointHit));
            }
        }
        Assert.False(GoBack(guest));
        Assert.Equal(0, guest.InstructionCount);
    }

    [Fact]
    public void From_one_the_guest_goes_on_as_if_it_had_just_come_there()
    {
        using Guest guest = Recorded();
        guest.AddBreakpoint(new AddressTarget(guest.Symbols!.AddressOf("schedule")!.Value, null));
        Finish(guest);
        Assert.True(GoBack(guest, count: 2));
        long first = guest.InstructionCount!.Value;
        _ = guest.Run(new RunOptions { Driver = "the test" }).ToList();
        Assert.Equal(Standstill.Breakpoint, guest.Standstill);
        Assert.True(guest.InstructionCount > first);
    }

    [Fact]
    public void Conditions_are_asked_and_actions_are_not_done()
    {
        using Guest guest = Recorded();
        int done = 0;
        uint schedule = guest.Symbols!.AddressOf("schedule")!.Value;
        Breakpoint acts = guest.AddBreakpoint(new AddressTarget(schedule, null), action: _ => done++);
        Breakpoint asks = guest.AddBreakpoint(new AddressTarget(schedule, null), hit => !hit.Guest.ConsoleText.Contains("shell", StringComparison.Ordinal));
        asks.Enabled = false;
        Finish(guest);
        asks.Enabled = true;
        int before = done;
        Assert.True(GoBack(guest));
        Assert.Equal((before, 0L), (done, asks.HitCount));
        Assert.Equal("turn 1 of init\n", guest.ConsoleText);
        Assert.Same(asks, guest.BreakpointHit!.Breakpoint);
        Assert.NotEqual(0, acts.HitCount);
    }

    [Fact]
    public void An_instruction_that_repeats_itself_is_one_place()
    {
        using TempFolder folder = new();
        byte[] code =
        [
            0xBF, 0x00, 0x00, 0x01, 0xC0,   // mov  $0xc0010000, %edi
            0xB9, 0x08, 0x00, 0x00, 0x00,   // mov  $8, %ecx
            0xB0, 0x01,                     // mov  $1, %al
            0xF3, 0xAB,                     // rep stosl
            0x90, 0xEB, 0xFD,               // nop; jmp to it
        ];
        string kernel = folder.Write("kernel.elf", KernelFiles.Elf(new KernelFiles.Segment(KernelFiles.Physical, [.. KernelFiles.Signature, .. code])));
        using Guest guest = Guest.Create(new GuestDefinition { Name = "repeats", Kernel = kernel, Memory = 4 << 20, Clock = ClockKind.Virtual, Cpu = CpuChoice.Emulated });
        guest.Record();
        guest.AddBreakpoint(new MemoryTarget(0xC0010004, 16, MemoryAccess.Write, null)).Enabled = false;
        _ = guest.Run(new RunOptions { Driver = "the test", StopAtInstruction = 10 }).ToList();
        guest.Breakpoints[0].Enabled = true;
        Assert.True(GoBack(guest));
        Assert.Equal((3L, 8u), (guest.InstructionCount, guest.Registers.Ecx));
        Assert.False(GoBack(guest));
    }

    private static Guest Recorded()
    {
        Guest guest = Guest.Create(new GuestDefinitionReader().Read(Repository.Path("examples", "panic", "panic.yaml")) with { Cpu = CpuChoice.Emulated });
        guest.Record();
        return guest;
    }

    private static bool GoBack(Guest guest, int count = 1) => guest.StepBack(new StepBackOptions { Driver = "the test", Unit = StepUnit.Breakpoint, Count = count });

    private static void Finish(Guest guest)
    {
        while (!guest.HasEnded) _ = guest.Run(new RunOptions { Driver = "the test" }).ToList();
    }

    private static string Shown(Guest guest, BreakpointHit hit) => $"{guest.EventCount} {guest.InstructionCount} {guest.GuestTime.Ticks} {hit.What} {guest.Registers.Eip:x}";
}
