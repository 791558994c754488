using Xunit;

namespace LguestPS.Tests;

/// <summary>Guests that play a script, in every era.</summary>
public class GuestScriptTests
{
    public static TheoryData<string> Profiles => [.. AbiProfile.All.Select(profile => profile.Name)];

    [Theory]
    [MemberData(nameof(Profiles))]
    public void A_script_prints_from_a_trap_and_from_the_ring_and_ends_well_in_every_era(string abi)
    {
        bool hasCall = AbiProfile.Find(abi)!.Devices != DeviceInterface.Pci;
        using Guest guest = new GuestScript(abi).Initialise().Print("one\n").Print("two\n", ring: hasCall).Hypercall("FLUSH_ASYNC").PowerOff().Create();
        List<LguestEvent> events = [.. guest.Run(new RunOptions { Driver = "the test" })];
        Assert.Equal(("one\ntwo\n", "Power down"), (guest.ConsoleText, guest.Ending!.Reason));
        Assert.Equal((EndingKind.PowerDown, "Power down"), (guest.Ending!.Kind, guest.Ending.Reason));
        Assert.Equal(hasCall ? 2 : "one\ntwo\n".Length, events.Count(happened => happened is DmaEvent or KickEvent { Purpose: KickPurpose.EarlyConsole }));
    }

    [Fact]
    public void Where_no_call_prints_nothing_is_printed_from_the_ring() =>
        Assert.Equal(
            (LguestError.InvalidDefinition, "guests of 'pci-4.1' print without a hypercall, so not from the ring"),
            Assert.Throws<LguestException>(() => new GuestScript("pci-4.1").Print("a", ring: true)) is var refused ? (refused.Error, refused.Message) : default);

    [Fact]
    public void A_zero_byte_cannot_be_printed_where_it_ends_a_text() =>
        Assert.Equal(LguestError.InvalidDefinition, Assert.Throws<LguestException>(() => new GuestScript("virtio-3.1").Print("a\0b")).Error);
}
