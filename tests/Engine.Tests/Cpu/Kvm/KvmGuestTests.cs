using System.Runtime.CompilerServices;
using LguestPS.Boot;
using Xunit;

namespace LguestPS.Tests.Cpu.Kvm;

/// <summary>Whole guests on the machine's KVM, beside the same guests on the emulated CPU.</summary>
[Trait("Cpu", "kvm")]
public sealed class KvmGuestTests : IDisposable
{
    /// <summary>Where the guest that spins counts.</summary>
    private const uint Counter = KernelFiles.Physical + 0x1000;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private const int Many = 200;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string> EventRuns => Runs(ClockKind.Events);

    public static TheoryData<string> HostRuns => Runs(ClockKind.Host);

    [SkippableTheory]
    [MemberData(nameof(EventRuns))]
    public void Under_the_clock_events_a_guest_gives_the_events_it_gives_on_the_emulated_CPU(string name)
    {
        GuestRun run = Find(name);
        using Guest onKvm = Create(run, ClockKind.Events);
        using Guest emulated = Guest.Create(run.Definition(ClockKind.Events));
        Assert.Equal(Run(emulated, run).Select(Line), Run(onKvm, run).Select(Line));
        Assert.Equal((emulated.StateReason, emulated.ConsoleText, emulated.EventCount), (onKvm.StateReason, onKvm.ConsoleText, onKvm.EventCount));
    }

    [SkippableTheory]
    [MemberData(nameof(HostRuns))]
    public void Under_the_hosts_clock_a_guest_ends_and_prints_as_it_should(string name)
    {
        GuestRun run = Find(name);
        using Guest guest = Create(run, ClockKind.Host);
        Run(guest, run);
        Assert.Equal(string.Join('\n', run.Console), guest.ConsoleText.TrimEnd('\n'));
        if (run.Ending is { } ending) Assert.Equal(ending, guest.StateReason);
        if (run.EndingStartsWith is { } start) Assert.StartsWith(start, guest.StateReason);
    }

    [SkippableTheory]
    [MemberData(nameof(EventRuns))]
    public void A_recording_is_done_again_on_the_emulated_CPU(string name)
    {
        GuestRun run = Find(name);
        string[] recorded;
        using (Guest onKvm = Create(run, ClockKind.Events))
        {
            onKvm.Record(keepEvents: true);
            recorded = [.. Run(onKvm, run).Select(EventText.Of)];
            onKvm.SaveRecording(folder.Path("run.lguest"));
        }
        using Guest replay = Guest.Replay(RecordedRun.Load(folder.Path("run.lguest")));
        Assert.Equal("emulated", replay.CpuName);
        Assert.Equal(recorded, replay.Run(new RunOptions { Driver = "the test", TimeLimit = Patience }).Select(EventText.Of));
    }

    [SkippableTheory]
    [InlineData("example-ring")]
    [InlineData("example-timer")]
    public void A_recorded_guest_is_taken_back_on_the_same_CPU(string name)
    {
        GuestRun run = Find(name);
        using Guest guest = Create(run, ClockKind.Events);
        guest.Record();
        string[] first = [.. Run(guest, run).Select(EventText.Of)];
        Assert.True(guest.StepBack(new StepBackOptions { Driver = "the test", Count = 5 }));
        Assert.Equal(GuestState.Paused, guest.State);
        LguestException refused = Assert.Throws<LguestException>(() => guest.StepBack(new StepBackOptions { Driver = "the test", Unit = StepUnit.Instruction }));
        Assert.Equal(LguestError.NotSupported, refused.Error);
        string[] again = [.. guest.Run(new RunOptions { Driver = "the test", TimeLimit = Patience }).Select(EventText.Of)];
        Assert.True(again.Length > 3);
        Assert.Equal(first[^again.Length..], again);
    }

    [SkippableFact]
    public void A_run_by_the_hosts_clock_is_not_recorded()
    {
        using Guest guest = Create(Find("example-hello"), ClockKind.Host);
        LguestException refused = Assert.Throws<LguestException>(() => guest.Record());
        Assert.Equal(LguestError.CheckpointRefused, refused.Error);
        Assert.Contains("clock is 'host'", refused.Message);
    }

    [SkippableFact]
    public void A_guest_says_which_CPU_it_runs_on_and_counts_no_instructions()
    {
        KvmHost.Require();
        using Guest guest = Guest.Create(Find("example-hello").Definition(ClockKind.Host) with { Cpu = CpuChoice.Kvm });
        Assert.Equal("kvm", guest.CpuName);
        Assert.StartsWith("asked for by the definition", guest.CpuReason);
        Run(guest, Find("example-hello"));
        Assert.Null(guest.InstructionCount);
    }

    [SkippableFact]
    public void Stepping_gives_the_events_of_running()
    {
        GuestRun run = Find("example-ring");
        using Guest straight = Create(run, ClockKind.Events);
        using Guest stepped = Create(run, ClockKind.Events);
        List<LguestEvent> events = [];
        while (!stepped.HasEnded) events.AddRange(stepped.Step(new StepOptions { Driver = "the test", TimeLimit = Patience }));
        Assert.Equal(Run(straight, run).Select(Line), events.Select(Line));
    }

    [SkippableFact]
    public void Stepping_by_instruction_is_stepping_on_the_emulated_CPU()
    {
        GuestRun run = Find("example-hello");
        using Guest onKvm = Create(run, ClockKind.Events);
        using Guest emulated = Guest.Create(run.Definition(ClockKind.Events));
        StepOptions one = new() { Driver = "the test", Unit = StepUnit.Instruction };
        for (int i = 0; i < 300 && !emulated.HasEnded; i++)
        {
            Assert.Equal(emulated.Step(one).Select(Line), onKvm.Step(one).Select(Line));
            Assert.Equal(emulated.Registers, onKvm.Registers);
        }
    }

    [SkippableFact]
    public async Task Stop_ends_a_guest_that_spins()
    {
        using Guest guest = Spinning();
        Task running = Start(guest, CancellationToken.None);
        AwaitChange(guest, 0);
        guest.Stop();
        await running.WaitAsync(Patience);
        Assert.Equal("stopped", guest.StateReason);
    }

    [SkippableFact]
    public async Task Cancelling_pauses_a_guest_that_spins_and_it_goes_on_on_another_thread()
    {
        using Guest guest = Spinning();
        uint before = 0;
        for (int i = 0; i < 10; i++)
        {
            using CancellationTokenSource stop = new();
            Task running = Start(guest, stop.Token);
            AwaitChange(guest, before);
            stop.Cancel();
            await running.WaitAsync(Patience);
            Assert.Equal(Standstill.StopRequested, guest.Standstill);
            before = guest.Memory.Read32(Counter);
        }
    }

    [SkippableFact]
    public void A_time_limit_pauses_a_guest_that_spins()
    {
        using Guest guest = Spinning();
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "the test", TimeLimit = TimeSpan.FromMilliseconds(30) })) Assert.Fail("it has no events");
        Assert.Equal(Standstill.TimeLimit, guest.Standstill);
    }

    [SkippableFact]
    public void Guests_that_are_disposed_leave_nothing_behind()
    {
        Spin();     // what the runtime makes once
        Held before = Held.Now();
        for (int i = 0; i < Many; i++) Spin();
        Held.Now().AssertNotAbove(before);

        void Spin()
        {
            using Guest guest = Spinning();
            foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "the test", TimeLimit = TimeSpan.FromMilliseconds(1) })) Assert.Fail("it has no events");
        }
    }

    [SkippableFact]
    public void Guests_that_are_abandoned_leave_nothing_behind()
    {
        Abandon();
        Collect();
        Held before = Held.Now();
        for (int i = 0; i < Many; i++)
        {
            Abandon();
            if (i % 50 == 0) Collect();
        }
        Collect();
        Held.Now().AssertNotAbove(before);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Abandon()
    {
        IEnumerator<LguestEvent> events = Spinning().Run(new RunOptions { Driver = "nobody", TimeLimit = TimeSpan.FromMilliseconds(1) }).GetEnumerator();
        events.MoveNext();
    }

    private static void Collect()
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    /// <summary>What the process holds of the machine.</summary>
    private sealed record Held(int Descriptors, int Mappings, int Timers, int Threads)
    {
        // Threads and mappings of the runtime itself come and go a little.
        private const int Slack = 24;

        public static Held Now() => new(
            Directory.GetFiles("/proc/self/fd").Length,
            File.ReadLines("/proc/self/maps").Count(line => line.Contains("kvm", StringComparison.Ordinal) || line.Contains("memfd", StringComparison.Ordinal)),
            File.ReadLines("/proc/self/timers").Count(line => line.StartsWith("ID:", StringComparison.Ordinal)),
            Directory.GetDirectories("/proc/self/task").Length);

        public void AssertNotAbove(Held before)
        {
            Assert.True(Descriptors <= before.Descriptors + Slack, $"descriptors: {before.Descriptors} before, {Descriptors} now");
            Assert.True(Mappings <= before.Mappings + Slack, $"mappings: {before.Mappings} before, {Mappings} now");
            Assert.True(Timers <= before.Timers + Slack, $"timers: {before.Timers} before, {Timers} now");
            Assert.True(Threads <= before.Threads + Slack, $"threads: {before.Threads} before, {Threads} now");
        }
    }

    private static void AwaitChange(Guest guest, uint from) =>
        Assert.True(SpinWait.SpinUntil(() => guest.Memory.Read32(Counter) != from, Patience), "the guest does not run");

    private Guest Spinning()
    {
        KvmHost.Require();
        byte[] code = [0xFF, 0x05, .. BitConverter.GetBytes(KernelFiles.PageOffset + Counter), 0xEB, 0xF8];     // inc [Counter]; jmp to it
        string kernel = folder.Path("spin.elf");
        if (!File.Exists(kernel)) folder.Write("spin.elf", KernelFiles.Elf(new KernelFiles.Segment(KernelFiles.Physical, [.. KernelFiles.Signature, .. code])));
        return GuestBuilder.Build(new GuestDefinition { Name = "spin", Kernel = kernel, Memory = 2 << 20 }, KvmHost.Maker());
    }

    private static Task Start(Guest guest, CancellationToken stop) => Task.Run(() =>
    {
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "the test" }, stop))
        {
        }
    }, CancellationToken.None);

    private static TheoryData<string> Runs(ClockKind clock) => [.. GuestRun.All.Where(run => run.Clocks.Contains(clock)).Select(run => run.Name)];

    private static GuestRun Find(string name) => GuestRun.All.Single(run => run.Name == name);

    private static Guest Create(GuestRun run, ClockKind clock) => KvmHost.Create(run, clock);

    private static List<LguestEvent> Run(Guest guest, GuestRun run)
    {
        if (run.Input is { } input) guest.SendConsole(input);
        return [.. guest.Run(new RunOptions { Driver = "the test", TimeLimit = Patience })];
    }

    /// <summary>All an event says except the host's time.</summary>
    private static string Line(LguestEvent happened) => $"{happened.Sequence} {happened} {happened.GuestTime.Ticks} " + happened switch
    {
        DmaEvent dma => $"{dma.Key} {dma.Address} {Convert.ToHexString(dma.Data)} {dma.UsedLength}",
        HypercallEvent call => $"{call.Eip}",
        GuestEndedEvent ended => $"{ended.Ending} {ended.Eip}",
        _ => "",
    };
}
