using Xunit;

namespace LguestPS.Tests.Eras;

/// <summary>How many devices a guest can have: 31 interrupts, of which an era's devices take one each or one for each virtqueue, and 16 slots before 2.6.24.</summary>
public sealed class ManyDevicesTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(Era.October, 15)]
    [InlineData(Era.Virtio2624, 29)]
    [InlineData(Era.Virtio2631, 29)]
    [InlineData(Era.Virtio31, 29)]
    [InlineData(Era.Pci40, 30)]
    [InlineData(Era.Pci41, 30)]
    public void There_may_be_so_many_disks_beside_a_console_and_no_more(string abi, int disks)
    {
        using (ScriptedGuest guest = Boot(abi, disks)) Assert.Equal(disks + 1, guest.Guest.Devices.All.Count);
        LguestException refused = Assert.Throws<LguestException>(() => Boot(abi, disks + 1).Dispose());
        Assert.Equal(disks + 2 > GuestDefinition.MostDevices ? LguestError.InvalidDefinition : LguestError.NotSupported, refused.Error);
        Assert.Matches("too many|Take some away", refused.Message);
    }

    private ScriptedGuest Boot(string abi, int disks)
    {
        string disk = folder.Write("disk", new byte[512]);
        return ScriptedGuest.Fresh(ScriptedGuest.Definition with { Abi = abi, Devices = [.. Enumerable.Repeat(new BlockDefinition(disk, BlockMode.ReadOnly), disks), new ConsoleDefinition()] });
    }
}
