using LguestPS.Tests.Breakpoints;
using Xunit;

namespace LguestPS.Tests;

/// <summary>Whoever hears a warning may use the guest, and wait for other threads that use it: the guest is never locked meanwhile.</summary>
public class WarningTests
{
    private const string Problem = "block0: saving its writes failed: Input/output error";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static readonly Dictionary<string, Action<ScriptedGuest, Action<string>>> Ends = new()
    {
        ["stopped"] = (guest, warning) => guest.Guest.Stop(warning),
        ["stopped by whoever drives it"] = (guest, warning) =>
        {
            guest.Hypercall(Call.Ts, 1);
            using IEnumerator<LguestEvent> run = guest.Guest.Run(new RunOptions { Driver = "the test", Warning = warning }).GetEnumerator();
            Assert.True(run.MoveNext());
            guest.Guest.Stop();
        },
        ["removed"] = (guest, warning) => guest.Guest.Remove(warning),
        ["removed while it is driven"] = (guest, warning) =>
        {
            guest.Hypercall(Call.Ts, 1);
            using IEnumerator<LguestEvent> run = guest.Guest.Run(new RunOptions { Driver = "the test", Warning = warning }).GetEnumerator();
            Assert.True(run.MoveNext());
            guest.Guest.Dispose();
        },
        ["ended by a call that a breakpoint makes for it"] = (guest, warning) =>
        {
            guest.Guest.AddBreakpoint(BreakpointTests.On(Call.Ts), action: _ => guest.Guest.Hypercalls.Invoke("the test", Call.Crash, guest.CrashText("Power down")));
            guest.Hypercall(Call.Ts, 1);
            foreach (LguestEvent _ in guest.Guest.Run(new RunOptions { Driver = "the test", Warning = warning })) { }
        },
        ["ended by itself"] = (guest, warning) =>
        {
            guest.Hypercall(Call.Crash, guest.CrashText("Power down"));
            foreach (LguestEvent _ in guest.Guest.Run(new RunOptions { Driver = "the test", Warning = warning })) { }
        },
    };

    public static TheoryData<string> Ways => new(Ends.Keys);

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_warning_at_its_end_comes_when_the_guest_can_be_used(string how)
    {
        ScriptedGuest guest = ScriptedGuest.Initialised();
        Action ended = guest.Guest.Machine.Ended!;
        guest.Guest.Machine.Ended = () =>
        {
            ended();
            guest.Guest.DeviceHost.Warn(Problem);
        };
        List<string> heard = [];

        Ends[how](guest, what =>
        {
            Assert.True(Task.Run(() => guest.Guest.Stop()).Wait(Patience), "the guest is locked");
            heard.Add(what);
        });

        Assert.Equal([Problem], heard);
        Assert.True(guest.Guest.HasEnded);
        guest.Dispose();
    }
}
