using LguestPS.Abi;
using LguestPS.Devices;
using LguestPS.Networks;
using LguestPS.State;
using LguestPS.Tests.Networks;
using Xunit;

namespace LguestPS.Tests.Virtio;

/// <summary>What devices on the lguest bus hand over is recorded and comes again; what they are is kept in checkpoints.</summary>
public sealed class VirtioPastTests : IDisposable
{
    private readonly FakeTape tape = new();
    private readonly ConsoleFunction console = new();
    private readonly EntropyFunction entropy = new(seed: null);
    private readonly ReplayPort port = new(default, [new RecordedFrame(0, TestWire.Udp(1, 2, "in"u8))]);
    private readonly BusRig rig;
    private readonly BusRig again;

    public VirtioPastTests()
    {
        rig = new BusRig(LguestBusRules.V31, console, entropy, new HostWire(0, port, recorder: null)) { Tape = tape };
        again = new BusRig(LguestBusRules.V31, new ConsoleFunction(), new EntropyFunction(seed: null), HostWire.Silent(0)) { Tape = tape };
    }

    public void Dispose()
    {
        rig.Dispose();
        again.Dispose();
    }

    [Fact]
    public void Typed_text_frames_and_random_numbers_come_again_as_they_were()
    {
        Assert.True(console.Input.TryEnter("typed"u8));
        (byte[] text, byte[] frame, byte[] random) first = Play(rig);
        Assert.Equal([0, 2, 1], tape.Inputs.Select(input => input.Device));
        tape.Rewind();
        (byte[] text, byte[] frame, byte[] random) second = Play(again);
        Assert.Equal("typed"u8.ToArray(), second.text);
        Assert.Equal(TestWire.Udp(1, 2, "in"u8), second.frame[10..]);
        Assert.Equal(first.random, second.random);
        Assert.Equal(first.frame, second.frame);
    }

    [Fact]
    public void Another_number_of_random_bytes_is_another_run()
    {
        rig.Ring(1, 0).Add((0x50000, 64, true));
        rig.Notify(rig.KeyOf(1, 0));
        tape.Rewind();
        again.Ring(1, 0).Add((0x50000, 65, true));
        LguestException diverged = Assert.Throws<LguestException>(() => again.Notify(again.KeyOf(1, 0)));
        Assert.Equal((LguestError.ReplayDiverged, "it takes 65 random bytes where it took 64"), (diverged.Error, diverged.Message));
    }

    [Fact]
    public void A_bad_buffer_that_ends_the_guest_when_input_comes_ends_it_again()
    {
        Assert.True(console.Input.TryEnter("x"u8));
        foreach (BusRig each in (BusRig[])[rig, again])
        {
            each.Ring(0, 0).Offer(999);
            Assert.Contains("descriptor 999", Assert.Throws<LguestPS.Errors.GuestKilledException>(each.Bus.DeliverInput).Message);
            if (each == rig) tape.Rewind();
        }
    }

    [Fact]
    public void A_checkpoint_goes_on_where_the_rings_were()
    {
        rig.Tape = again.Tape = null;
        for (int i = 0; i < 300; i++) Print(rig, "a");
        rig.Memory.Write8(BusRig.Ram + 4, 3);
        rig.Notify(BusRig.Ram);
        rig.Memory.Read(0, rig.Memory.Size).CopyTo(again.Memory.Write(0, again.Memory.Size));
        again.Load(rig.Saved());
        Print(again, "b");
        Assert.Equal("b"u8.ToArray(), again.Shown);
        Assert.Equal(301, again.Ring(0, 1).Used);
        Assert.Equal(3, again.Memory.Read8(BusRig.Ram + 4));
    }

    [Fact]
    public void A_device_that_was_given_up_is_so_in_a_checkpoint_too()
    {
        rig.Memory.Write8(BusRig.Ram + 4, 0x83);
        rig.Notify(BusRig.Ram);
        again.Load(rig.Saved());
        Print(again, "x");
        Assert.Empty(again.Shown);
    }

    [Fact]
    public void A_kick_that_is_pending_is_kept_with_what_it_is_for()
    {
        foreach (uint address in (uint[])[rig.KeyOf(0, 1), BusRig.Ram, 0x5000])
        {
            StateWriter state = new();
            PendingKick kick = new(KickPurpose.Queue, address, null, null);
            rig.Bus.SavePending(state, kick);
            PendingKick loaded = (PendingKick)again.Bus.LoadPending(new StateReader(state.ToArray(), []));
            Assert.Equal(address, loaded.Address);
            Assert.Equal(address == BusRig.Ram ? KickPurpose.Status : address == 0x5000 ? KickPurpose.EarlyConsole : KickPurpose.Queue, loaded.Purpose);
            Assert.Equal("console", loaded.Device);
        }
    }

    private static (byte[] Text, byte[] Frame, byte[] Random) Play(BusRig rig)
    {
        rig.Ring(0, 0).Add((0x50000, 100, true));
        rig.Ring(2, 0).Add((0x51000, 1600, true));
        rig.Bus.DeliverInput();
        rig.Ring(1, 0).Add((0x52000, 64, true));
        rig.Notify(rig.KeyOf(1, 0));
        return (Filled(0, 0x50000), Filled(2, 0x51000), Filled(1, 0x52000));

        byte[] Filled(int device, uint at) => rig.Memory.Read(at, rig.Ring(device, 0).UsedElement(0).Length).ToArray();
    }

    private static void Print(BusRig rig, string text)
    {
        rig.Ring(0, 1).Add((rig.Put(System.Text.Encoding.ASCII.GetBytes(text)), text.Length, false));
        rig.Notify(rig.KeyOf(0, 1));
    }
}
