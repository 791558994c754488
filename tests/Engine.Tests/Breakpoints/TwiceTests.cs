using LguestPS.Hypercalls;
using Xunit;

namespace LguestPS.Tests.Breakpoints;

/// <summary>"Find the hypercall that runs twice" (about_Lguest_Breakpoints): a host with the fault the pending hypercall was invented against, caught with breakpoints.</summary>
public class TwiceTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Breakpoints_find_the_call_that_is_done_twice(bool broken)
    {
        using Guest guest = Guest.Create(new GuestDefinition
        {
            Name = "ring", Kernel = Repository.Path("examples", "ring", "ring.elf"), Memory = 4 << 20, Clock = ClockKind.Virtual, Devices = [new ConsoleDefinition()],
        });
        if (broken) guest.Executor = new ForgetfulExecutor(guest);

        // Between a trap and the next, a direct call is done once. Let a breakpoint that stops nowhere note when a call is up...
        List<(long? Instructions, Hypercall Call)> up = [];
        guest.AddBreakpoint(new HypercallTarget([.. guest.Abi.Hypercalls.Select(call => call.Number)], "*"), action: hit => up.Add((guest.InstructionCount, hit.Hypercall!)));
        // ...and the trace tell what was done. A guest that finds out ends itself, which is why the run may be short.
        HypercallEvent[] done = [.. guest.Run(new RunOptions { Driver = "the test" }).OfType<HypercallEvent>()];

        HypercallEvent? twice = done.Where(call => call.Origin == HypercallOrigin.Trap).GroupBy(call => (call.GuestTime, call.Eip)).FirstOrDefault(trap => trap.Count() > 1)?.First();
        if (!broken)
        {
            Assert.Null(twice);
            Assert.Equal(done.Length, up.Count);
            return;
        }

        Assert.NotNull(twice);
        Assert.True(done.Length > up.Count, "a call was done that was never up");

        // Where: stop before the ring entry in front of it, and step. The direct call is done while a DMA is still to be served, and stays pending.
        using Guest again = Guest.Create(guest.Definition);
        again.Executor = new ForgetfulExecutor(again);
        again.AddBreakpoint(BreakpointTests.On(13), hit => hit.Hypercall!.Slot is not null && hit.Guest.PendingHypercall!.Eip == twice.Eip);
        Assert.DoesNotContain(again.Run(new RunOptions { Driver = "the test" }), happened => happened is HypercallEvent call && call.Eip == twice.Eip && call.Origin == HypercallOrigin.Trap);
        Assert.Equal(Standstill.Breakpoint, again.Standstill);
        HypercallEvent[] step = [.. again.Step(new StepOptions { Driver = "the test" }).OfType<HypercallEvent>()];
        Assert.Equal(["SEND_DMA", twice.Name], step.Select(call => call.Name));
        Assert.NotNull(again.PendingDma);
        Assert.Equal(twice.Name, again.PendingHypercall!.Name);
    }

    /// <summary>The fault: when the drain makes way for the launcher, it does the direct call nevertheless; and after the DMA's return once more.</summary>
    private sealed class ForgetfulExecutor(Guest guest) : HypercallExecutor(guest.Machine, guest.Ring, guest.Transport.Operations, guest.Events)
    {
        private readonly Guest guest = guest;

        public override void RunNext()
        {
            Hypercall direct = guest.PendingHypercall!;
            base.RunNext();
            if (guest.PendingDma is not null && guest.PendingHypercall == direct) guest.Events.Done(direct, Do(direct));
        }
    }
}
