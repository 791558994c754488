using Xunit;

namespace LguestPS.Tests.Cpu.Kvm;

/// <summary>Whole guests on KVM with breakpoints on addresses and memory, beside the same guests on the emulated CPU.</summary>
[Trait("Cpu", "kvm")]
public class KvmBreakpointTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    // Too large for this, or without the functions and variables that are watched.
    private static readonly string[] Unfit = ["minikernel", "kill", "example-hello"];

    /// <summary>What a processor's debug registers could watch, what they could not, and both.</summary>
    public enum Watched
    {
        FewAddresses,
        ManyAddresses,
        Memory,
        Everything,
    }

    public static TheoryData<string, Watched> Runs
    {
        get
        {
            TheoryData<string, Watched> runs = [];
            foreach (GuestRun run in GuestRun.All.Where(run => run.Clocks.Contains(ClockKind.Events) && !Unfit.Any(run.Name.StartsWith)))
                foreach (Watched watched in Enum.GetValues<Watched>()) runs.Add(run.Name, watched);
            return runs;
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Runs))]
    public void Breakpoints_are_hit_as_on_the_emulated_CPU(string name, Watched watched)
    {
        GuestRun run = GuestRun.All.Single(run => run.Name == name);
        using Guest onKvm = KvmHost.Create(run, ClockKind.Events), emulated = Guest.Create(run.Definition(ClockKind.Events));
        string[] expected = Hits(emulated, run, watched);
        Assert.Contains(expected, hit => hit.StartsWith("hit", StringComparison.Ordinal));
        Assert.Equal(expected, Hits(onKvm, run, watched));
    }

    [SkippableTheory]
    [InlineData("example-ring", StepUnit.Over)]
    [InlineData("example-paging", StepUnit.Over)]
    [InlineData("example-ring", StepUnit.Out)]
    [InlineData("example-panic", StepUnit.Out)]
    public void Steps_over_and_out_end_where_they_do_on_the_emulated_CPU(string name, StepUnit unit)
    {
        GuestRun run = GuestRun.All.Single(run => run.Name == name);
        using Guest onKvm = KvmHost.Create(run, ClockKind.Events), emulated = Guest.Create(run.Definition(ClockKind.Events));
        uint start = emulated.Symbols!.AddressOf("print")!.Value;
        foreach (Guest guest in (Guest[])[emulated, onKvm])
            foreach (LguestEvent _ in guest.Step(new StepOptions { Driver = "the test", Unit = StepUnit.Address, Address = start, TimeLimit = Patience })) { }
        Assert.Equal(start, onKvm.Registers.Eip);

        StepOptions step = new() { Driver = "the test", Unit = unit, TimeLimit = Patience };
        for (int i = 0; i < 40 && !emulated.HasEnded; i++)
        {
            Assert.Equal(emulated.Step(step).Select(Line), onKvm.Step(step).Select(Line));
            Assert.Equal((emulated.Standstill, emulated.Registers), (onKvm.Standstill, onKvm.Registers));
        }
    }

    [SkippableFact]
    public void A_breakpoint_set_while_the_guest_runs_is_heeded()
    {
        GuestRun run = GuestRun.All.Single(run => run.Name == "example-ring");
        using Guest guest = KvmHost.Create(run, ClockKind.Host);
        uint print = guest.Symbols!.AddressOf("print")!.Value;
        IEnumerator<LguestEvent> events = guest.Run(new RunOptions { Driver = "the test", TimeLimit = Patience }).GetEnumerator();
        Assert.True(events.MoveNext());
        Breakpoint breakpoint = guest.AddBreakpoint(new AddressTarget(print, null));
        while (events.MoveNext()) { }
        Assert.Equal((Standstill.Breakpoint, print, 1), (guest.Standstill, guest.Registers.Eip, breakpoint.HitCount));
        Assert.True(guest.RemoveBreakpoint(breakpoint));
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "the test", TimeLimit = Patience })) { }
        Assert.Equal(EndingKind.PowerDown, guest.Ending!.Kind);
    }

    [SkippableTheory]
    [InlineData(Watched.FewAddresses)]
    [InlineData(Watched.ManyAddresses)]
    [InlineData(Watched.Memory)]
    public void A_guest_that_is_taken_back_meets_its_breakpoints_again(Watched watched)
    {
        GuestRun run = GuestRun.All.Single(run => run.Name == "example-panic");
        using Guest onKvm = KvmHost.Create(run, ClockKind.Events), emulated = Guest.Create(run.Definition(ClockKind.Events));
        Assert.Equal(HitsAndAgain(emulated, watched), HitsAndAgain(onKvm, watched));
    }

    private static string[] HitsAndAgain(Guest guest, Watched watched)
    {
        foreach (BreakpointTarget target in Targets(guest, watched)) guest.AddBreakpoint(target);
        List<string> hits = [ToBreakpoint(guest)];
        Checkpoint there = guest.TakeCheckpoint();
        for (int i = 0; i < 4; i++) hits.Add(ToBreakpoint(guest));
        guest.Restore(there);
        for (int i = 0; i < 5; i++) hits.Add(ToBreakpoint(guest));
        Assert.Contains(hits[4], hits[5..]);
        return [.. hits];
    }

    private static string ToBreakpoint(Guest guest)
    {
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "the test", TimeLimit = Patience })) { }
        Assert.Equal(Standstill.Breakpoint, guest.Standstill);
        return $"{guest.BreakpointHit!.What} {Registers(guest)} {guest.EventCount}";
    }

    /// <summary>The run with all its events, and between them what was hit.</summary>
    private static string[] Hits(Guest guest, GuestRun run, Watched watched)
    {
        List<string> seen = [];
        foreach (BreakpointTarget target in Targets(guest, watched))
            guest.AddBreakpoint(target, action: hit => seen.Add($"hit {hit.What} at {hit.Eip:x} {Bytes(hit)} {Registers(guest)}"));
        if (run.Input is { } input) guest.SendConsole(input);
        foreach (LguestEvent happened in guest.Run(new RunOptions { Driver = "the test", TimeLimit = Patience })) seen.Add(Line(happened));
        seen.Add($"{guest.StateReason} {guest.ConsoleText}");
        return [.. seen];
    }

    private static IEnumerable<BreakpointTarget> Targets(Guest guest, Watched watched)
    {
        uint Find(string symbol) => guest.Symbols!.AddressOf(symbol) ?? guest.Registers.Eip;
        uint data = guest.Symbols!.AddressOf("lguest_data")!.Value, stack = Find("boot_stack_top");
        if (watched is Watched.FewAddresses or Watched.Everything)
            foreach (string symbol in (string[])["print", "memset", "lguest_init", "dispatch_trap"]) yield return new AddressTarget(Find(symbol), null);
        if (watched is Watched.ManyAddresses or Watched.Everything)
            foreach (string symbol in (string[])["print", "main", "crash", "put_number", "return_from_trap", "set_gate", "power_down"]) yield return new AddressTarget(Find(symbol), null);
        if (watched is Watched.Memory or Watched.Everything)
        {
            yield return new MemoryTarget(data, 64, MemoryAccess.Read | MemoryAccess.Write, null);
            yield return new MemoryTarget(data + 64, 4, MemoryAccess.Write, null);
            yield return new MemoryTarget(stack - 0x100, 32, MemoryAccess.Write, null);
            yield return new MemoryTarget(stack - 0x84, 3, MemoryAccess.Read, null);
        }
        if (watched == Watched.Everything)
        {
            yield return new MemoryTarget(Find("print"), 12, MemoryAccess.Execute, null);
            yield return new TrapTarget(null);
            yield return new DmaTarget(null, null);
        }
    }

    /// <summary>All but the flags, some of which are undefined after some instructions.</summary>
    private static string Registers(Guest guest)
    {
        GuestRegisters registers = guest.Registers;
        registers.Eflags = 0;
        return KvmHost.Text(registers);
    }

    private static string Bytes(BreakpointHit hit) =>
        hit.Access is { } access ? $"{access.Eip:x} {Convert.ToHexString(access.Before)} {Convert.ToHexString(access.After)}" : "";

    private static string Line(LguestEvent happened) => $"{happened.Sequence} {happened} {happened.GuestTime.Ticks}";
}
