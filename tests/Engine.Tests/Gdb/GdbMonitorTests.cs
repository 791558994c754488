using LguestPS.Definitions;
using LguestPS.Gdb;
using Xunit;

namespace LguestPS.Tests.Gdb;

/// <summary>gdb's monitor commands, with gdb itself.</summary>
public class GdbMonitorTests
{
    [SkippableFact]
    public void gdb_goes_anywhere_in_the_run_and_looks_at_hypercalls()
    {
        using Guest guest = Recorded("ring");
        string said = GdbProgram.Session(
            guest, [],
            "monitor help", "monitor where", "monitor hypercall next FLUSH_ASYNC", "monitor hypercall", "monitor checkpoint at the call",
            "continue", "monitor where",
            "monitor goto 1000", "maintenance flush register-cache", "printf \"thousand %x\\n\", $eip",
            "monitor hypercall last", "monitor goto #5", "monitor hypercall",
            "monitor restart 1", "monitor goto now", "reverse-stepi", "printf \"back %x\\n\", $eip", "monitor where", "monitor goto 2000M", "monitor nonsense", "monitor goto nowhere", "detach");
        Assert.Contains("goto POSITION", said);
        Assert.Contains("FLUSH_ASYNC()", said);
        Assert.Contains("checkpoint 1: ", said);
        Assert.Contains("recorded from before the first event to after #23", said);
        Assert.Contains("this is the past", said);
        guest.Timeline.MoveTo(new MoveOptions { Driver = "the test", To = PositionExpression.Parse("1000") });
        Assert.Contains($"thousand {guest.Registers.Eip:x}", said);
        Assert.Contains("has ended after #23", said);
        Assert.Contains("'nonsense' is no command here; monitor help lists them", said);
        Assert.Contains("'nowhere' is not a place in a run", said);
        guest.Timeline.MoveTo(new MoveOptions { Driver = "the test", To = PositionExpression.Parse("6934") });
        Assert.Contains($"back {guest.Registers.Eip:x}", said);
    }

    [SkippableFact]
    public void gdb_stays_at_the_end_of_a_replay_and_can_go_back()
    {
        using TempFolder folder = new();
        using (Guest first = Recorded("echo", keepEvents: true))
        {
            _ = first.Run(new RunOptions { Driver = "the test" }).ToList();
            first.SaveRecording(folder.Path("run"));
        }
        using Guest guest = Guest.Replay(RecordedRun.Load(folder.Path("run")));
        string said = GdbProgram.Session(guest, [], "continue", "reverse-stepi", "monitor where", "continue", "monitor goto start", "monitor where", "detach");
        Assert.Equal(2, said.Split("No more reverse-execution history").Length - 1);
        Assert.Contains("this is the past", said);
        Assert.Equal(0, guest.InstructionCount);
    }

    [Fact]
    public void Calls_are_changed_skipped_and_made()
    {
        using Guest guest = Recorded("ring");
        GdbMonitor monitor = new(guest, run: null!);
        _ = guest.Step(new StepOptions { Driver = "the test", Unit = StepUnit.Hypercall, Hypercall = Call.SendDma }).ToList();
        Assert.Contains("SEND_DMA", monitor.Do("hypercall"));
        Assert.Contains("key=0x00001000", monitor.Do("hypercall set key=0x1000"));
        Assert.Contains("no argument 'kex'; did you mean 'key'?", monitor.Do("hypercall set kex=1"));
        Assert.StartsWith("skipped SEND_DMA", monitor.Do("hypercall skip"));
        Assert.Equal("FLUSH_TLB is done\n", monitor.Do("hypercall invoke FLUSH_TLB 1"));
        Assert.Contains("has no hypercall 'FLUSH'", monitor.Do("hypercall invoke FLUSH"));
        Assert.Equal(3, guest.Run(new RunOptions { Driver = "the test" }).OfType<InterventionEvent>().Count(done => done.By == "gdb"));
    }

    [Fact]
    public void A_guest_that_is_not_recorded_goes_back_to_its_checkpoints()
    {
        using Guest guest = Guest.Create(Example("ring"));
        GdbMonitor monitor = new(guest, run: null!);
        Assert.Equal("there are none\n", monitor.Do("checkpoints"));
        _ = guest.Step(new StepOptions { Driver = "the test", Count = 3 }).ToList();
        RunPosition here = guest.RunPosition;
        Assert.Equal($"checkpoint 1: {here}\n", monitor.Do("checkpoint the ring"));
        Assert.Contains("(the ring)", monitor.Do("checkpoints"));
        _ = guest.Run(new RunOptions { Driver = "the test" }).ToList();
        Assert.Contains("not recorded", monitor.Do("restart 1"));
        Assert.True(monitor.HasMoved);
        Assert.Equal(here, guest.RunPosition);
        Assert.Contains("there is no checkpoint '7'", monitor.Do("restart 7"));
        Assert.False(monitor.HasMoved);
    }

    private static Guest Recorded(string name, bool keepEvents = false)
    {
        Guest guest = Guest.Create(Example(name));
        guest.Record(keepEvents);
        return guest;
    }

    private static GuestDefinition Example(string name) =>
        new GuestDefinitionReader().Read(Repository.Path("examples", name, $"{name}.yaml")) with { Cpu = CpuChoice.Emulated, Clock = ClockKind.Virtual };
}
