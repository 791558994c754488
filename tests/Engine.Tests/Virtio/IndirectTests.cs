using LguestPS.Abi;
using LguestPS.Devices;
using Xunit;

namespace LguestPS.Tests.Virtio;

/// <summary>Descriptors that stand for a table of others (virtio 1.0, 2.4.5.3).</summary>
public sealed class IndirectTests : IDisposable
{
    private readonly BusRig rig = new(LguestBusRules.V31, new ConsoleFunction());
    private readonly RingDriver ring;

    public IndirectTests() => ring = rig.Ring(0, 1);

    public void Dispose() => rig.Dispose();

    [Fact]
    public void A_table_is_the_chain()
    {
        OfferTable(Table(3, i => (rig.Put("abc"u8.Slice(i, 1)), i < 2)), 48);
        Kick();
        Assert.Equal("abc"u8.ToArray(), rig.Shown);
        Assert.Equal((0u, 0u), ring.UsedElement(0));
    }

    [Fact]
    public void A_table_may_end_a_chain_that_begins_without_one()
    {
        ring.SetDescriptor(0, rig.Put("x"u8), 1, RingDriver.Next, 1);
        ring.SetDescriptor(1, Table(1, _ => (rig.Put("y"u8), false)), 16, RingDriver.Indirect);
        ring.Offer(0);
        Kick();
        Assert.Equal("xy"u8.ToArray(), rig.Shown);
    }

    [Fact]
    public void A_table_may_have_as_many_descriptors_as_the_virtqueue()
    {
        OfferTable(Table(256, i => (rig.Put("z"u8), i < 255)), 256 * 16);
        Kick();
        Assert.Equal(256, rig.Shown.Count);
    }

    [Fact]
    public void A_table_has_no_more_than_the_virtqueue()
    {
        OfferTable(Table(257, i => (0x5000, i < 256)), 257 * 16);
        Assert.Contains("has 257 descriptors, more than the 256 of the virtqueue", Kills());
    }

    [Fact]
    public void Direct_and_indirect_descriptors_are_together_no_more_than_the_virtqueue_has()
    {
        ring.SetDescriptor(0, rig.Put("x"u8), 1, RingDriver.Next, 1);
        ring.SetDescriptor(1, Table(256, i => (0x5000, i < 255)), 256 * 16, RingDriver.Indirect);
        ring.Offer(0);
        Assert.Contains("longer than 256", Kills());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(17)]
    [InlineData(40)]
    public void A_tables_length_is_a_multiple_of_16_and_not_zero(int length)
    {
        OfferTable(Table(3, i => (0x5000, false)), (uint)length);
        Assert.Contains($"has {length} bytes", Kills());
    }

    [Fact]
    public void A_table_holds_no_other()
    {
        uint inner = Table(1, _ => (0x5000, false));
        uint table = rig.Allocate(16);
        ring.SetDescriptor(table, 0, inner, 16, RingDriver.Indirect);
        OfferTable(table, 16);
        Assert.Contains("of an indirect table is indirect itself", Kills());
    }

    [Fact] // which looked like the virtqueue's own
    public void A_table_that_is_the_virtqueues_own_is_no_way_round_in_a_loop()
    {
        ring.SetDescriptor(0, ring.Place.Descriptors, 256 * 16, RingDriver.Indirect);
        ring.Offer(0);
        Assert.Contains("of an indirect table is indirect itself", Kills());
    }

    [Fact]
    public void A_descriptor_with_a_table_does_not_go_on()
    {
        ring.SetDescriptor(0, Table(1, _ => (0x5000, false)), 16, RingDriver.Indirect | RingDriver.Next, 1);
        ring.Offer(0);
        Assert.Contains("is indirect and goes on", Kills());
    }

    [Fact]
    public void A_table_lies_inside_memory()
    {
        OfferTable(rig.Memory.Size - 16, 32);
        Assert.Contains("not inside memory", Kills());
    }

    [Theory]
    [InlineData(3)]
    [InlineData(0xFFFF)]
    public void A_next_in_a_table_stays_inside_it(int next)
    {
        uint table = Table(3, _ => (0x5000, false));
        ring.SetDescriptor(table, 0, 0x5000, 1, RingDriver.Next, (ushort)next);
        OfferTable(table, 48);
        Assert.Contains($"goes on at {next} of 3", Kills());
    }

    [Fact]
    public void A_loop_inside_a_table_ends_the_guest()
    {
        uint table = Table(2, _ => (0x5000, true));
        ring.SetDescriptor(table, 1, 0x5000, 1, RingDriver.Next, 0);
        OfferTable(table, 32);
        Assert.Contains("goes round in a loop", Kills());
    }

    private uint Table(int count, Func<int, (uint Address, bool GoesOn)> entry)
    {
        uint table = rig.Allocate(count * 16);
        for (int i = 0; i < count; i++)
        {
            (uint address, bool goesOn) = entry(i);
            ring.SetDescriptor(table, i, address, 1, goesOn ? RingDriver.Next : (ushort)0, (ushort)(i + 1));
        }
        return table;
    }

    private void OfferTable(uint table, uint length)
    {
        ring.SetDescriptor(0, table, length, RingDriver.Indirect);
        ring.Offer(0);
    }

    private void Kick() => rig.Notify(rig.KeyOf(0, 1));

    private string Kills() => rig.Kills(rig.KeyOf(0, 1));
}
