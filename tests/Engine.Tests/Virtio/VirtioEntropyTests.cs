using LguestPS.Abi;
using LguestPS.Devices;
using LguestPS.State;
using Xunit;

namespace LguestPS.Tests.Virtio;

/// <summary>Random numbers: the host's, or a sequence where a run must be repeatable.</summary>
public class VirtioEntropyTests
{
    [Fact]
    public void Every_buffer_is_filled_completely()
    {
        using BusRig rig = new(LguestBusRules.V31, new EntropyFunction(seed: null));
        uint to = rig.Allocate(1000);
        rig.Ring(0, 0).Add((to, 400, true), (to + 400, 600, true));
        rig.Notify(rig.KeyOf(0, 0));
        Assert.Equal((0u, 1000u), rig.Ring(0, 0).UsedElement(0));
        Assert.True(rig.Memory.Read(to, 1000).ToArray().Distinct().Count() > 200);
        Assert.Equal([1], rig.Interrupts);
    }

    [Fact]
    public void With_a_simulated_clock_they_are_the_same_in_every_run_and_others_for_another_guest()
    {
        Assert.Equal(Bytes("a", 100), Bytes("a", 100));
        Assert.NotEqual(Bytes("a", 100), Bytes("b", 100));
    }

    [Fact]
    public void How_many_are_taken_at_once_does_not_matter()
    {
        EntropyFunction entropy = new("a");
        using BusRig rig = new(LguestBusRules.V31, entropy);
        byte[] pieces = [.. new[] { 1, 31, 32, 7, 29 }.SelectMany(count => Take(entropy, rig, count))];
        Assert.Equal(Bytes("a", 100), pieces);
    }

    [Fact]
    public void An_unwatched_buffer_allocates_nothing_from_its_kick_on()
    {
        using BusRig rig = new(LguestBusRules.V31, new EntropyFunction("a"));
        uint key = rig.KeyOf(0, 0);
        RingDriver ring = rig.Ring(0, 0);
        for (int i = 0; i < 3; i++) Take();
        rig.Interrupts.Clear();
        ring.Add((0x50000, 64, true));
        long before = GC.GetAllocatedBytesForCurrentThread();
        rig.Notify(key);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(4, ring.Used);

        void Take()
        {
            ring.Add((0x50000, 64, true));
            rig.Notify(key);
        }
    }

    [Fact]
    public void A_checkpoint_knows_how_far_the_sequence_is()
    {
        EntropyFunction entropy = new("a"), again = new("a");
        using BusRig rig = new(LguestBusRules.V31, entropy);
        Take(entropy, rig, 37);
        StateWriter state = new();
        entropy.Save(state);
        again.Load(new StateReader(state.ToArray(), []));
        Assert.Equal(Take(entropy, rig, 100), Take(again, rig, 100));
    }

    private static byte[] Bytes(string seed, int count)
    {
        EntropyFunction entropy = new(seed);
        using BusRig rig = new(LguestBusRules.V31, entropy);
        return Take(entropy, rig, count);
    }

    private static byte[] Take(EntropyFunction entropy, BusRig rig, int count)
    {
        byte[] bytes = new byte[count];
        entropy.Fill(rig, bytes);
        return bytes;
    }
}
