using LguestPS.Cpu;
using Xunit;

namespace LguestPS.Tests;

/// <summary>Who may drive a guest, and how driving it begins and ends.</summary>
public class DriverTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [Fact]
    public void A_second_driver_is_told_who_the_first_is()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.Ts, 1).Hypercall(Call.Ts, 0);
        using IEnumerator<LguestEvent> first = guest.Guest.Run(new RunOptions { Driver = "job 4" }).GetEnumerator();
        Assert.True(first.MoveNext());
        Assert.Equal((GuestState.Running, "job 4"), (guest.Guest.State, guest.Guest.Driver));

        LguestException refused = Assert.Throws<LguestException>(() => guest.Step());
        Assert.Equal(LguestError.GuestBusy, refused.Error);
        Assert.Equal("Guest 'scripted' is being run by job 4; stop it or wait for it first.", refused.Message);

        Assert.True(first.MoveNext());
        Assert.Equal("TS", ((HypercallEvent)first.Current).Name);
    }

    [Fact]
    public void Asking_for_events_does_not_take_the_seat_before_the_first_is_taken()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.Ts, 1);
        IEnumerable<LguestEvent> lazy = guest.Guest.Run(new RunOptions { Driver = "lazy" });
        Assert.Null(guest.Guest.Driver);
        Assert.Equal(["TS"], ScriptedGuest.Words(guest.Play()));
        Assert.Throws<LguestException>(() =>
        {
            using IEnumerator<LguestEvent> one = lazy.GetEnumerator(), other = lazy.GetEnumerator();
            guest.Hypercall(Call.Ts, 1);
            one.MoveNext();
            other.MoveNext();
        });
    }

    [Fact]
    public void An_early_stop_leaves_the_guest_paused_and_runnable()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.Ts, 1).Hypercall(Call.SetClockEvent, 0);
        Assert.Equal(["TS"], ScriptedGuest.Words(guest.Guest.Run(new RunOptions { Driver = "first" }).Take(1)));
        Assert.Equal((GuestState.Paused, (string?)null), (guest.Guest.State, guest.Guest.Driver));
        Assert.Equal(["SET_CLOCKEVENT"], ScriptedGuest.Words(guest.Play()));
    }

    [Fact]
    public void A_guest_is_created_until_it_is_driven()
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh();
        Assert.Equal((GuestState.Created, Standstill.NotStarted, "not started"), (guest.Guest.State, guest.Guest.Standstill, guest.Guest.StateReason));
        guest.Play();
        Assert.Equal((GuestState.Paused, Standstill.StopRequested), (guest.Guest.State, guest.Guest.Standstill));
    }

    [Fact]
    public void Its_state_has_a_reason_everywhere()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Ring(0, Call.Ts, 1).Ring(1, Call.SendDma, 0, guest.TextDma("a"));
        guest.Hypercall(Call.FlushAsync).Code().Hypercall(Call.Halt);
        List<string> reasons = [];
        for (int i = 0; i < 3; i++)
        {
            guest.Step();
            reasons.Add(guest.Guest.StateReason);
        }
        guest.Step(StepUnit.Instruction, count: 3);
        reasons.Add(guest.Guest.StateReason);
        guest.Play();
        reasons.Add(guest.Guest.StateReason);
        guest.Guest.Stop();
        reasons.Add(guest.Guest.StateReason);
        Assert.Equal(
            [
                "before hypercall FLUSH_ASYNC",
                "in the ring, before SEND_DMA; FLUSH_ASYNC stays pending",
                "before DMA to console",
                $"before the instruction at 0x{guest.Cpu.Registers.Eip:x8}",
                "waiting for input",
                "stopped",
            ],
            reasons);
    }

    [Fact]
    public void Stop_without_a_driver_ends_the_guest_at_once()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Guest.Stop();
        Assert.Equal(new GuestEnding(EndingKind.Stopped, "stopped"), guest.Guest.Ending);
        guest.Guest.Stop();
        Assert.Equal("stopped", guest.Ending);
    }

    [Fact]
    public async Task Stop_from_another_thread_ends_a_guest_that_is_busy()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        using ManualResetEventSlim busy = new();
        guest.Forever(_ =>
        {
            busy.Set();
            return CpuExit.Budget;
        });
        Task<List<LguestEvent>> run = RunOn(guest, new RunOptions { Driver = "job 1" });
        Assert.True(busy.Wait(Patience));
        guest.Guest.Stop();
        List<LguestEvent> events = await run.WaitAsync(Patience);
        Assert.Equal(["ended: stopped"], ScriptedGuest.Words(events));
        Assert.Equal(EndingKind.Stopped, guest.Guest.Ending!.Kind);
    }

    [Theory]
    [InlineData(ClockKind.Host)]
    [InlineData(ClockKind.Virtual)]
    [InlineData(ClockKind.Events)]
    public async Task Stop_from_another_thread_ends_a_guest_that_sleeps(ClockKind clock)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised(clock);
        using ManualResetEventSlim halted = new();
        guest.Hypercall(Call.Halt);
        Task<List<LguestEvent>> run = RunOn(guest, new RunOptions { Driver = "job 1", WaitForInput = true }, _ => halted.Set());
        Assert.True(halted.Wait(Patience));
        guest.Guest.Stop();
        await run.WaitAsync(Patience);
        Assert.Equal("stopped", guest.Ending);
    }

    [Fact]
    public async Task A_stop_request_from_another_thread_pauses_a_guest_that_sleeps()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        using ManualResetEventSlim halted = new();
        using CancellationTokenSource stop = new();
        guest.Hypercall(Call.Halt);
        Task<List<LguestEvent>> run = RunOn(guest, new RunOptions { Driver = "job 1", WaitForInput = true }, _ => halted.Set(), stop.Token);
        Assert.True(halted.Wait(Patience));
        stop.Cancel();
        await run.WaitAsync(Patience);
        Assert.Equal((GuestState.Paused, Standstill.StopRequested), (guest.Guest.State, guest.Guest.Standstill));
        Assert.True(guest.Guest.IsHalted);
    }

    [Fact]
    public void Dispose_while_driven_frees_the_guest_when_the_driver_lets_go()
    {
        ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.Ts, 1).Hypercall(Call.Ts, 0);
        using (IEnumerator<LguestEvent> run = guest.Guest.Run(new RunOptions { Driver = "first" }).GetEnumerator())
        {
            Assert.True(run.MoveNext());
            guest.Guest.Dispose();
            guest.Memory.Read8(0);              // still there
            Assert.True(run.MoveNext());
            Assert.IsType<GuestEndedEvent>(run.Current);
            Assert.False(run.MoveNext());
        }
        Assert.Throws<ObjectDisposedException>(() => guest.Memory.Read8(0));
        Assert.Equal(EndingKind.Stopped, guest.Guest.Ending!.Kind);
    }

    [Fact]
    public void After_Dispose_the_properties_keep_their_last_values()
    {
        ScriptedGuest guest = ScriptedGuest.Initialised(ClockKind.Virtual);
        guest.Hypercall(Call.SendDma, 0, guest.TextDma("last words")).Code(cpu => cpu.Registers.Ecx = 5);
        guest.Play();
        (long? instructions, TimeSpan time) = (guest.Guest.InstructionCount, guest.Guest.GuestTime);
        guest.Guest.Dispose();
        guest.Guest.Dispose();

        Assert.Equal(5u, guest.Guest.Registers.Ecx);
        Assert.Equal((instructions, time), (guest.Guest.InstructionCount, guest.Guest.GuestTime));
        Assert.Equal("last words", guest.Guest.ConsoleText);
        Assert.Equal((GuestState.Ended, "removed"), (guest.Guest.State, guest.Ending));
        Assert.Null(guest.Guest.NextCall);
        guest.Guest.Stop();
    }

    [Fact]
    public void An_ended_guest_refuses_to_be_driven_or_typed_into()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.Crash, guest.CrashText("oops")).Play();
        LguestException run = Assert.Throws<LguestException>(() => guest.Play());
        LguestException typed = Assert.Throws<LguestException>(() => guest.Guest.SendConsole("x"));
        Assert.Equal((LguestError.GuestEnded, LguestError.GuestEnded), (run.Error, typed.Error));
        Assert.Equal("Guest 'scripted' has ended: CRASH: oops. Create it anew to run it again.", run.Message);
    }

    [Theory] // an interrupt that arrives between the check and the sleep must not be slept through
    [InlineData(ClockKind.Host)]
    [InlineData(ClockKind.Virtual)]
    [InlineData(ClockKind.Events)]
    public async Task Typing_from_another_thread_wakes_a_halted_guest(ClockKind clock)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised(clock);
        using SemaphoreSlim halted = new(0);
        uint buffer = guest.Dma(ScriptedGuest.DmaAddress, (ScriptedGuest.BufferAddress, 256));
        guest.Gate(0x21, 0xC0003000);
        guest.Hypercall(Call.BindDma, 0, buffer, 1 << 8 | 1);
        const int Rounds = 20;
        string heard = "";
        for (int i = 0; i < Rounds; i++)
        {
            guest.Hypercall(Call.Halt).Code(_ =>
            {
                heard += (char)guest.Memory.Read8(ScriptedGuest.BufferAddress);
                guest.Memory.Write32(buffer, 0);
            });
        }
        guest.Hypercall(Call.Crash, guest.CrashText("Power down"));

        Task<List<LguestEvent>> run = RunOn(guest, new RunOptions { Driver = "job 1", WaitForInput = true }, happened =>
        {
            if (happened is HypercallEvent { Number: Call.Halt }) halted.Release();
        });
        for (int i = 0; i < Rounds; i++)
        {
            Assert.True(halted.Wait(Patience));
            guest.Guest.SendConsole([(byte)('a' + i)]);
        }
        await run.WaitAsync(Patience);
        Assert.Equal("abcdefghijklmnopqrst", heard);
        Assert.Equal(EndingKind.PowerDown, guest.Guest.Ending!.Kind);
    }

    [Fact]
    public void A_halted_guest_with_nothing_to_wait_for_pauses()
    {
        foreach (ClockKind clock in Enum.GetValues<ClockKind>())
        {
            using ScriptedGuest guest = ScriptedGuest.Initialised(clock);
            guest.Hypercall(Call.Halt).Play();
            Assert.Equal((GuestState.Paused, Standstill.WaitingForInput), (guest.Guest.State, guest.Guest.Standstill));
            guest.Play();
            Assert.Equal(Standstill.WaitingForInput, guest.Guest.Standstill);
        }
    }

    [Fact]
    public void A_time_limit_pauses_a_guest_that_is_busy_or_sleeps()
    {
        using ScriptedGuest busy = ScriptedGuest.Initialised();
        busy.Forever(_ => CpuExit.Budget);
        Assert.Empty(busy.Guest.Run(new RunOptions { Driver = "first", TimeLimit = TimeSpan.FromMilliseconds(20) }));
        Assert.Equal((GuestState.Paused, Standstill.TimeLimit), (busy.Guest.State, busy.Guest.Standstill));

        using ScriptedGuest asleep = ScriptedGuest.Initialised();
        asleep.Hypercall(Call.Halt).Play();
        Assert.Empty(asleep.Guest.Run(new RunOptions { Driver = "first", TimeLimit = TimeSpan.FromMilliseconds(20), WaitForInput = true }));
        Assert.Equal(Standstill.TimeLimit, asleep.Guest.Standstill);
    }

    [Fact]
    public void The_definitions_time_limit_counts_where_the_run_has_none()
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh(ScriptedGuest.Definition with { Limits = new GuestLimits(Time: TimeSpan.FromMilliseconds(20)) });
        guest.Forever(_ => CpuExit.Budget);
        Assert.Empty(guest.Guest.Run(new RunOptions { Driver = "first" }));
        Assert.Equal(Standstill.TimeLimit, guest.Guest.Standstill);
    }

    [Theory] // the first is longer than a wait can be, the second than the clock can count
    [InlineData(30.0)]
    [InlineData(10_000_000.0)]
    public async Task A_time_limit_may_be_very_long(double days)
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        using ManualResetEventSlim halted = new();
        guest.Hypercall(Call.Halt);
        Task<List<LguestEvent>> run = RunOn(
            guest, new RunOptions { Driver = "patient", TimeLimit = TimeSpan.FromDays(days), WaitForInput = true }, _ => halted.Set());
        Assert.True(halted.Wait(Patience));
        guest.Guest.Stop();
        await run.WaitAsync(Patience);
        Assert.Equal("stopped", guest.Ending);
    }

    [Fact]
    public void The_instruction_limit_is_exact_and_stays()
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh(ScriptedGuest.Definition with
        {
            Clock = ClockKind.Virtual,
            Limits = new GuestLimits(Instructions: 1_500_000),
        });
        guest.Forever(_ => CpuExit.Budget);
        for (int i = 0; i < 2; i++)
        {
            Assert.Empty(guest.Guest.Run(new RunOptions { Driver = "first" }));
            Assert.Equal(Standstill.InstructionLimit, guest.Guest.Standstill);
            Assert.Equal(1_500_000, guest.Guest.InstructionCount);
        }
    }

    private static Task<List<LguestEvent>> RunOn(
        ScriptedGuest guest, RunOptions options, Action<LguestEvent>? happened = null, CancellationToken stop = default) =>
        Task.Factory.StartNew(
            () =>
            {
                List<LguestEvent> events = [];
                foreach (LguestEvent one in guest.Guest.Run(options, stop))
                {
                    events.Add(one);
                    happened?.Invoke(one);
                }
                return events;
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
