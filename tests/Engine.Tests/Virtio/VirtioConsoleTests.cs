using LguestPS.Abi;
using LguestPS.Devices;
using Xunit;

namespace LguestPS.Tests.Virtio;

/// <summary>The console, and when the guest is told of what was done.</summary>
public sealed class VirtioConsoleTests : IDisposable
{
    private const int In = 0, Out = 1;

    private readonly ConsoleFunction console = new();
    private readonly BusRig rig;

    public VirtioConsoleTests() => rig = new BusRig(LguestBusRules.V31, console);

    public void Dispose() => rig.Dispose();

    [Fact] // a guest waits for it in a loop, and makes no further calls
    public void Output_is_given_back_before_the_guest_runs_on()
    {
        rig.Ring(0, Out).Add((rig.Put("hi"u8), 2, false));
        rig.Notify(rig.KeyOf(0, Out));
        Assert.Equal(1, rig.Ring(0, Out).Used);
        Assert.Equal((0u, 0u), rig.Ring(0, Out).UsedElement(0));
        Assert.Equal("hi", console.Output.Scrollback);
    }

    [Fact]
    public void Input_goes_into_the_buffer_as_far_as_it_fits_and_the_rest_into_the_next()
    {
        Assert.True(console.Input.TryEnter("hello"u8));
        rig.Bus.DeliverInput();
        uint first = rig.Allocate(3), second = rig.Allocate(3);
        rig.Ring(0, In).Add((first, 3, true));
        rig.Bus.DeliverInput();
        Assert.Equal("hel"u8.ToArray(), rig.Memory.Read(first, 3).ToArray());
        Assert.Equal((0u, 3u), rig.Ring(0, In).UsedElement(0));
        Assert.Equal([1], rig.Interrupts);
        rig.Ring(0, In).Add((second, 3, true));
        rig.Bus.DeliverInput();
        Assert.Equal((1u, 2u), rig.Ring(0, In).UsedElement(1));
        Assert.True(console.Input.IsEmpty);
    }

    [Fact]
    public void Input_waits_for_a_buffer_and_no_interrupt_is_made_of_it()
    {
        Assert.True(console.Input.TryEnter("x"u8));
        rig.Bus.DeliverInput();
        Assert.Empty(rig.Interrupts);
        Assert.False(console.Input.IsEmpty);
    }

    [Fact]
    public void A_buffer_for_input_that_is_bad_ends_the_guest_when_there_is_input()
    {
        rig.Ring(0, In).Offer(999);
        rig.Bus.DeliverInput();
        Assert.True(console.Input.TryEnter("x"u8));
        Assert.Contains("descriptor 999", Assert.Throws<LguestPS.Errors.GuestKilledException>(rig.Bus.DeliverInput).Message);
    }

    [Fact]
    public void A_guest_that_wants_no_interrupt_gets_none()
    {
        rig.Ring(0, Out).WantsNoInterrupt = true;
        rig.Ring(0, Out).Add((rig.Put("x"u8), 1, false));
        rig.Notify(rig.KeyOf(0, Out));
        Assert.Empty(rig.Interrupts);
    }

    [Fact] // interrupts without anything in the used ring once drove guests mad
    public void A_kick_without_a_buffer_makes_no_interrupt()
    {
        rig.Notify(rig.KeyOf(0, Out));
        Assert.Empty(rig.Interrupts);
    }

    [Fact]
    public void An_unwatched_line_allocates_nothing()
    {
        for (int i = 0; i < 3; i++) Print();
        long before = GC.GetAllocatedBytesForCurrentThread();
        rig.Bus.Devices[0].Device.Serve(rig.Bus.Devices[0].Device.Queues[Out]);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        rig.Ring(0, Out).Add((rig.Put("some text"u8), 9, false));
        console.Output.Append(new byte[8192]);
        rig.Shown.Capacity = 1000;
        before = GC.GetAllocatedBytesForCurrentThread();
        rig.Bus.Devices[0].Device.Serve(rig.Bus.Devices[0].Device.Queues[Out]);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(4, rig.Ring(0, Out).Used);
    }

    [Fact]
    public void What_is_next_can_be_looked_at_and_nothing_changes()
    {
        PendingKick kick = new(KickPurpose.Queue, rig.KeyOf(0, Out), "console", Out);
        Assert.Equal("serve virtqueue 1 of console, which is empty", rig.Bus.Preview(kick));
        rig.Ring(0, Out).Add((rig.Put("hi\n"u8), 3, false));
        Assert.Equal("serve virtqueue 1 of console: descriptor 0 first, 3 bytes to read and 0 to write: \"hi\\n\"", rig.Bus.Preview(kick));
        Assert.Equal(0, rig.Ring(0, Out).Used);
        Assert.Empty(rig.Shown);
    }

    private void Print()
    {
        rig.Ring(0, Out).Add((rig.Put("some text"u8), 9, false));
        rig.Notify(rig.KeyOf(0, Out));
    }
}
