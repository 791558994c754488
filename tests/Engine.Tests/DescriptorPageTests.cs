using LguestPS.Devices.Dma;
using LguestPS.Memory;
using Xunit;

namespace LguestPS.Tests;

/// <summary>The page in which a guest finds its devices (ABI §8).</summary>
public sealed class DescriptorPageTests : IDisposable
{
    private const uint Page = ScriptedGuest.MemorySize;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_console_has_type_1_and_no_page()
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh();
        Assert.Equal(new Slot(Type: 1, Features: 0, Status: 0, Pages: 0, Frame: 0), Read(guest, 0));
        Assert.Equal(new Slot(0, 0, 0, 0, 0), Read(guest, 1));
        Assert.Equal(ScriptedGuest.MemorySize + 0x1000, guest.Memory.Size);
    }

    [Fact]
    public void Devices_have_slots_in_the_order_of_the_definition_and_pages_behind_the_descriptor_page()
    {
        using ScriptedGuest guest = With(Disk("a"), Disk("b"), new ConsoleDefinition());
        Assert.Equal(
            [
                new Slot(3, 0x8000, 0, 1, (Page >> 12) + 1),
                new Slot(3, 0x8000, 0, 1, (Page >> 12) + 2),
                new Slot(1, 0, 0, 0, 0),
                new Slot(0, 0, 0, 0, 0),
            ],
            Enumerable.Range(0, 4).Select(i => Read(guest, i)));
    }

    [Fact]
    public void The_frame_limit_covers_every_device_page()
    {
        using ScriptedGuest guest = With(Disk("a"), Disk("b"));
        Assert.Equal((ScriptedGuest.MemorySize >> 12) + 3, guest.Memory.FrameLimit);
        Assert.Equal(ScriptedGuest.MemorySize, guest.Memory.RamSize);
    }

    [Fact] // so a first disk has irq 1 with the 2007 launcher's order
    public void A_devices_irq_is_its_slot_plus_1()
    {
        using ScriptedGuest guest = With(Disk("a"), new ConsoleDefinition());
        Assert.Equal((1, 2), (Dma(guest).FindByKey(Page + 0x1000)!.Irq, Dma(guest).FindByKey(0)!.Irq));
    }

    [Fact]
    public void Sixteen_devices_fit_and_seventeen_are_refused()
    {
        DeviceDefinition[] sixteen = [.. Enumerable.Range(0, 16).Select(i => Disk($"disk{i}"))];
        using ScriptedGuest guest = With(sixteen);
        Assert.Equal(new Slot(3, 0x8000, 0, 1, (Page >> 12) + 16), Read(guest, 15));

        LguestException refused = Assert.Throws<LguestException>(() => With([.. sixteen, new ConsoleDefinition()]));
        Assert.Equal((LguestError.NotSupported, "17 devices are too many for ABI profile 'dma-2007-10', whose guests look for 16. Take some away"), (refused.Error, refused.Message));
    }

    [Fact]
    public void The_guest_can_write_its_status()
    {
        using ScriptedGuest guest = With(Disk("a"));
        guest.Memory.Write16(Page + 4, 1 | 2 | 4);
        guest.Code().Play();
        Assert.Equal(7, Read(guest, 0).Status);
    }

    private sealed record Slot(ushort Type, ushort Features, ushort Status, ushort Pages, uint Frame);

    private static Slot Read(ScriptedGuest guest, int index)
    {
        GuestMemory memory = guest.Memory;
        uint at = Page + (uint)index * 12;
        return new Slot(memory.Read16(at), memory.Read16(at + 2), memory.Read16(at + 4), memory.Read16(at + 6), memory.Read32(at + 8));
    }

    private BlockDefinition Disk(string name) => new(folder.Write($"{name}.img", new byte[512]));

    private static ScriptedGuest With(params DeviceDefinition[] devices) => ScriptedGuest.Fresh(ScriptedGuest.Definition with { Devices = devices });

    private static DmaTransport Dma(ScriptedGuest guest) => (DmaTransport)guest.Guest.Transport;
}
