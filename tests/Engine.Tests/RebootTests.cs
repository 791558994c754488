using LguestPS.Segments;
using LguestPS.Tests.Eras;
using Xunit;

namespace LguestPS.Tests;

/// <summary>A guest that asks to be started again is the same guest afterwards, and nothing of what it did to its machine is left.</summary>
public class RebootTests
{
    private const uint Unreadable = 0x40000000;
    private const uint Restart = 2;

    public static TheoryData<string> ErasWithRestart => [Era.Virtio2625, Era.Virtio2629, Era.Virtio2630, Era.Virtio2631, Era.Virtio2634, Era.Virtio31];

    [Theory]
    [MemberData(nameof(ErasWithRestart))]
    public void SHUTDOWN_for_a_restart_begins_again_in_place_in_every_era_that_has_it(string abi)
    {
        using ScriptedGuest fresh = Era.Fresh(abi);
        using ScriptedGuest guest = Era.Fresh(abi);
        byte[] first = All(guest);
        uint entry = guest.Cpu.Registers.Eip, directory = guest.Guest.Machine.PageDirectory;
        using ScriptedGuest used = Era.Initialised(abi);
        used.Memory.Write32(ScriptedGuest.FreePages, 0xDEADBEEF);
        used.Guest.Machine.Interrupts.Raise(3);
        used.Hypercall(Call.Ts, 1).Hypercall(Call.SetClockEvent, 1000).Hypercall(Call.LoadIdtEntry, 0x20, 0x00611000, 0xC0108E00).Hypercall(Call.Shutdown, Unreadable, Restart);
        LguestEvent[] events = [.. used.Play()];

        GuestRebootedEvent reboot = Assert.IsType<GuestRebootedEvent>(events[^1]);
        Assert.Equal((1, null, "reboot 1"), (reboot.Reboots, reboot.By, reboot.Summary));
        Assert.Equal(("SHUTDOWN", reboot.Sequence - 1), (((HypercallEvent)events[^2]).Name, events[^2].Sequence));
        Assert.Equal((1, null), (used.Guest.Reboots, used.Guest.Ending));
        Assert.Equal(first, All(used));
        Assert.Equal((entry, directory, fresh.Guest.Machine.PageOffset), (used.Cpu.Registers.Eip, used.Guest.Machine.PageDirectory, used.Guest.Machine.PageOffset));
        Assert.False(used.Guest.Data.IsInitialised || used.Cpu.TaskSwitched || used.Guest.Machine.WantsFpuTrap);
        Assert.Null(used.Guest.Machine.Gates[0x20]);
        Assert.Equal(default(KernelStack), used.Guest.Machine.Stack);
        Assert.Equal(fresh.Cpu.Descriptors, used.Cpu.Descriptors);
        Assert.Equal("all", used.Cpu.Flushes[^1]);
    }

    [Fact]
    public void A_rebooted_guest_is_booted_as_at_first_by_what_it_does()
    {
        using ScriptedGuest guest = Era.Initialised(Era.Virtio31);
        guest.Hypercall(Call.Shutdown, Unreadable, Restart).Play();
        guest.FreeRing();
        guest.FillData();
        guest.Hypercall(Call.LguestInit, ScriptedGuest.DataAddress).Hypercall(Call.Shutdown, guest.CrashText("Power down"), 1);
        Assert.Equal(["LGUEST_INIT", "SHUTDOWN"], guest.Play().OfType<HypercallEvent>().Select(call => call.Name));
        Assert.Equal("Power down", guest.Ending);
    }

    [Fact]
    public void A_restart_from_the_ring_counts_as_one_by_the_trap_does()
    {
        using ScriptedGuest guest = Era.Initialised(Era.Virtio31);
        guest.Ring(0, Call.Shutdown, Unreadable, Restart).Hypercall(Call.FlushAsync).Play();
        Assert.Equal((1, null, false), (guest.Guest.Reboots, guest.Guest.Ending, guest.Guest.Data.IsInitialised));
        Assert.Null(guest.Guest.PendingHypercall);
    }

    [Theory]
    [InlineData(true, null, 0)]
    [InlineData(false, 2L, 2)]
    public void Whoever_does_not_want_reboots_or_no_more_of_them_gets_the_end(bool never, long? limit, int reboots)
    {
        GuestDefinition definition = ScriptedGuest.Definition with { Abi = Era.Virtio31, Reboot = !never, Limits = new GuestLimits(Reboots: limit) };
        using ScriptedGuest guest = ScriptedGuest.Initialised(definition);
        for (int i = 0; i <= reboots; i++)
        {
            if (i > 0) BootAgain(guest);
            guest.Hypercall(Call.Shutdown, Unreadable, Restart).Play();
        }
        Assert.Equal((reboots, EndingKind.Restart), (guest.Guest.Reboots, guest.Guest.Ending!.Kind));
        Assert.Equal(never ? "Restart" : "Restart, and it has reached its limit of 2 reboots", guest.Guest.Ending.Reason);
    }

    [Fact]
    public void A_limit_of_no_reboots_is_told_how_to_say_that() =>
        Assert.Contains("reboot: false", Assert.Single((ScriptedGuest.Definition with { Limits = new GuestLimits(Reboots: 0) }).Validate()).Problem);

    [Fact]
    public void A_guest_that_reboots_for_ever_meets_its_instruction_limit()
    {
        using Guest guest = Guest.Create(Definition("1000000") with { Limits = new GuestLimits(Instructions: 1_000_000) });
        Finish(guest);
        Assert.Equal(Standstill.InstructionLimit, guest.Standstill);
        Assert.True(guest.Reboots > 10, $"{guest.Reboots} reboots");
    }

    [Theory]
    [InlineData(ClockKind.Virtual)]
    [InlineData(ClockKind.Events)]
    public void A_recording_with_reboots_replays_without_the_kernels_file_and_goes_back_over_them(ClockKind clock)
    {
        using TempFolder folder = new();
        string kernel = folder.Path("kernel"), file = folder.Path("run.lguest");
        System.IO.File.Copy(Repository.Path("tests", "guests", "reboot.elf"), kernel);
        string[] recorded;
        using (Guest guest = Guest.Create(Definition("3", clock) with { Kernel = kernel }))
        {
            guest.Record(keepEvents: true);
            System.IO.File.WriteAllText(kernel, "something else");
            recorded = Finish(guest);
            Assert.Equal((3, "Power down"), (guest.Reboots, guest.StateReason));
            guest.SaveRecording(file);

            Assert.True(guest.StepBack(new StepBackOptions { Driver = "the test", Unit = StepUnit.Hypercall, Hypercall = Call.Shutdown, Count = 3 }));
            Assert.Equal((1, "SHUTDOWN"), (guest.Reboots, guest.NextCall!.Name));
            string[] again = Finish(guest);
            Assert.Equal(recorded[^again.Length..], again);
            Assert.Equal(3, guest.Reboots);
        }
        using Guest replay = Guest.Replay(RecordedRun.Load(file));
        Assert.Equal(recorded, Finish(replay));
        Assert.Equal((3, "Power down"), (replay.Reboots, replay.StateReason));
    }

    [Fact]
    public void A_recording_that_ended_where_it_was_not_to_reboot_replays_to_that_end()
    {
        using TempFolder folder = new();
        string file = folder.Path("run.lguest");
        string[] recorded;
        using (Guest guest = Guest.Create(Definition("3")))
        {
            guest.Record(keepEvents: true);
            recorded = [.. guest.Run(new RunOptions { Driver = "the test", NoReboot = true }).Select(Line)];
            Assert.Equal(EndingKind.Restart, guest.Ending!.Kind);
            guest.SaveRecording(file);
            guest.StepBack(new StepBackOptions { Driver = "the test" });
            Finish(guest);      // what was recorded is done again, whatever is wanted now
            Assert.Equal((0, EndingKind.Restart), (guest.Reboots, guest.Ending!.Kind));
        }
        using Guest replay = Guest.Replay(RecordedRun.Load(file));
        Assert.Equal(recorded, Finish(replay));
        Assert.Equal((0, EndingKind.Restart), (replay.Reboots, replay.Ending!.Kind));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_checkpoint_from_before_or_after_a_reboot_goes_on_as_the_guest_did(int reboots)
    {
        using TempFolder folder = new();
        using Guest guest = Guest.Create(Definition("3"));
        foreach (LguestEvent happened in guest.Run(new RunOptions { Driver = "the test" }))
            if (happened is GuestRebootedEvent rebooted && rebooted.Reboots == reboots) break;
        guest.TakeCheckpoint().Save(folder.Path("checkpoint"));
        string[] rest = Finish(guest);
        using Guest other = Guest.CreateFrom(Checkpoint.Load(folder.Path("checkpoint")));
        Assert.Equal(rest, Finish(other));
        Assert.Equal((3, guest.ConsoleText), (other.Reboots, other.ConsoleText));
    }

    [Fact]
    public void Breakpoints_by_symbol_are_met_after_each_reboot()
    {
        using Guest guest = Guest.Create(Definition("3"));
        int hits = 0;
        guest.AddBreakpoint(new AddressTarget(guest.Symbols!.AddressOf("main")!.Value, "main"), condition: null, action: _ => hits++);
        Finish(guest);
        Assert.Equal((4, 3), (hits, guest.Reboots));
    }

    [Fact]
    public void The_same_happens_with_compiled_code_as_without()
    {
        using Guest compiled = Guest.Create(Definition("20"));
        using Guest interpreted = Guest.Create(Definition("20") with { Compile = CompileChoice.Off });
        Assert.Equal(Finish(interpreted), Finish(compiled));
        Assert.Equal(20, compiled.Reboots);
    }

    [Fact]
    public void Its_clock_and_its_events_go_on()
    {
        using Guest guest = Guest.Create(Definition("3"));
        LguestEvent[] events = [.. guest.Run(new RunOptions { Driver = "the test" })];
        Assert.Equal(Enumerable.Range(1, events.Length), events.Select(happened => (int)happened.Sequence));
        Assert.Equal(events.Select(happened => happened.GuestTime).Order(), events.Select(happened => happened.GuestTime));
        Assert.Equal([1, 2, 3], events.OfType<GuestRebootedEvent>().Select(reboot => reboot.Reboots));
    }

    [Fact]
    public void The_reset_button_works_on_a_guest_that_stands_runs_or_has_ended()
    {
        using Guest guest = Guest.Create(Definition("0"));
        guest.Step(new StepOptions { Driver = "the test", Count = 5 }).ToList();
        guest.Reboot("me");
        Assert.Equal((1, GuestState.Paused, Standstill.Instruction), (guest.Reboots, guest.State, guest.Standstill));
        List<LguestEvent> events = [];
        foreach (LguestEvent happened in guest.Run(new RunOptions { Driver = "the test" }))
        {
            events.Add(happened);
            if (events.Count == 4) guest.Reboot("me, meanwhile");
        }
        Assert.Equal(["me", "me, meanwhile"], events.OfType<GuestRebootedEvent>().Select(reboot => reboot.By!));
        Assert.Equal("Power down", guest.StateReason);

        guest.Reboot("me");
        Assert.Equal((3, false), (guest.Reboots, guest.HasEnded));
        guest.SendConsole("typed");
        Assert.IsType<GuestEndedEvent>(guest.Run(new RunOptions { Driver = "the test" }).Last());
        Assert.Equal(2, guest.ConsoleText.Split("this is start 1").Length - 1);
    }

    [Fact]
    public void The_reset_of_a_recorded_guest_is_done_again_where_it_was()
    {
        using TempFolder folder = new();
        using Guest guest = Guest.Create(Definition("1"));
        guest.Record(keepEvents: true);
        guest.Step(new StepOptions { Driver = "the test", Count = 5 }).ToList();
        guest.Reboot("me");
        Finish(guest);
        guest.SaveRecording(folder.Path("run"));
        using Guest replay = Guest.Replay(RecordedRun.Load(folder.Path("run")));
        Finish(replay);
        Assert.Equal((2, guest.ConsoleText, guest.EventCount), (replay.Reboots, replay.ConsoleText, replay.EventCount));
    }

    [Fact]
    public void A_step_over_a_call_that_reboots_stops_at_the_kernels_first_instruction()
    {
        using Guest guest = Guest.Create(Definition("1"));
        uint entry = guest.Registers.Eip;
        guest.Step(new StepOptions { Driver = "the test", Unit = StepUnit.Address, Address = guest.Symbols!.AddressOf("main")!.Value }).ToList();
        guest.Step(new StepOptions { Driver = "the test", Unit = StepUnit.Out }).ToList();
        Assert.Equal((entry, 1), (guest.Registers.Eip, guest.Reboots));
    }

    private static GuestDefinition Definition(string reboots, ClockKind clock = ClockKind.Virtual) =>
        GuestRun.All.Single(run => run.Name == "reboot-3.1").Definition(clock) with { CommandLine = reboots };

    private static string[] Finish(Guest guest) => [.. guest.Run(new RunOptions { Driver = "the test" }).Select(Line)];

    private static string Line(LguestEvent happened) => $"{happened} {happened.GuestTime.Ticks}";

    private static byte[] All(ScriptedGuest guest) => guest.Memory.Read(0, guest.Memory.Size).ToArray();

    private static void BootAgain(ScriptedGuest guest)
    {
        guest.FreeRing();
        guest.FillData();
        guest.Hypercall(Call.LguestInit, ScriptedGuest.DataAddress).Play();
    }
}
