using System.Text;
using Xunit;

namespace LguestPS.Tests.Doorbell;

/// <summary>
/// Devices are apart from how guests reach them: the console and the disk, as they are, serve a guest that reaches them by a way
/// of the tests alone. What this needs of the engine is all that a further era may need.
/// </summary>
public sealed class DoorbellTests : IDisposable
{
    private const int Console = 0, Disk = 1, FromGuest = 0, ToGuest = 1;
    private const uint Text = ScriptedGuest.TextAddress, Buffer = ScriptedGuest.FreePages;
    private const int SectorSize = 512;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void One_bell_has_all_buffers_of_a_queue_served_in_order_and_used()
    {
        using ScriptedGuest guest = Start();
        Give(guest, Console, FromGuest, Text, "hello, "u8);
        Give(guest, Console, FromGuest, Text + 0x100, "world\n"u8);
        List<LguestEvent> events = Ring(guest, Console).Play();
        Assert.Equal("hello, world\n", guest.Guest.ConsoleText);
        Assert.Equal(2u, Used(guest, Console, FromGuest));
        Assert.Equal(("console", KickPurpose.Queue), Assert.Single(events.OfType<KickEvent>().Select(bell => (bell.Device, bell.Purpose))));
        Assert.True(guest.Guest.Machine.Interrupts.AnyWaiting);
    }

    [Fact]
    public void A_queue_goes_round()
    {
        using ScriptedGuest guest = Start();
        StringBuilder written = new();
        for (int i = 0; i < DoorbellQueue.Buffers + 3; i++)
        {
            byte[] text = Encoding.ASCII.GetBytes($"{i} ");
            Give(guest, Console, FromGuest, Text, text);
            Ring(guest, Console).Play(EventFilter.Nothing);
            written.Append(Encoding.ASCII.GetString(text));
        }
        Assert.Equal(written.ToString(), guest.Guest.ConsoleText);
    }

    [Fact]
    public void What_is_typed_waits_for_a_buffer_and_fills_it()
    {
        using ScriptedGuest guest = Start();
        guest.Guest.SendConsole("typed");
        guest.Code().Play();
        Assert.Equal(0u, Used(guest, Console, ToGuest));
        Give(guest, Console, ToGuest, Text, [], writable: 3);
        Give(guest, Console, ToGuest, Text + 0x100, [], writable: 16);
        guest.Code().Code().Code().Play();
        Assert.Equal("typ", Encoding.ASCII.GetString(guest.Memory.Read(Text, 3)));
        Assert.Equal("ed", Encoding.ASCII.GetString(guest.Memory.Read(Text + 0x100, 2)));
        Assert.Equal((2u, 3u, 2u), (Used(guest, Console, ToGuest), Written(guest, Console, ToGuest, 0), Written(guest, Console, ToGuest, 1)));
    }

    [Fact]
    public void The_disk_writes_and_reads_sectors_of_its_image()
    {
        using ScriptedGuest guest = Start();
        byte[] data = [.. Enumerable.Range(0, SectorSize).Select(i => (byte)(i * 7))];
        Give(guest, Disk, FromGuest, Buffer, [.. BitConverter.GetBytes(2), .. data]);
        Give(guest, Disk, FromGuest, Buffer + 0x1000, BitConverter.GetBytes(2), writable: SectorSize);
        Give(guest, Disk, FromGuest, Buffer + 0x2000, BitConverter.GetBytes(1000), writable: SectorSize);
        Ring(guest, Disk).Play();
        Assert.Equal(data, guest.Memory.Read(Buffer + 0x1000 + sizeof(uint), SectorSize).ToArray());
        Assert.Equal((3u, (uint)SectorSize, 0u), (Used(guest, Disk, FromGuest), Written(guest, Disk, FromGuest, 1), Written(guest, Disk, FromGuest, 2)));
        guest.Guest.Dispose();
        Assert.Equal(data, File.ReadAllBytes(folder.Path("disk.img"))[(2 * SectorSize)..(3 * SectorSize)]);
    }

    [Fact]
    public void A_rung_bell_is_a_place_to_stand_still()
    {
        using ScriptedGuest guest = Start();
        Give(guest, Console, FromGuest, Text, "later"u8);
        uint queue = DoorbellTransport.QueueAddress(ScriptedGuest.MemorySize, Console, FromGuest);
        Ring(guest, Console);
        guest.Step();
        guest.Step();
        Assert.Equal(new PendingKick(KickPurpose.Queue, queue, "console", 0), guest.Guest.PendingKick);
        Assert.Equal("look into the queue of console", guest.Guest.Transport.Preview(guest.Guest.PendingKick!));
        Assert.Equal("", guest.Guest.ConsoleText);
        guest.Step();
        Assert.Equal("later", guest.Guest.ConsoleText);
    }

    [Theory]
    [InlineData(ScriptedGuest.MemorySize + 0x10000, 4u)]
    [InlineData(Buffer, uint.MaxValue)]
    public void A_bad_buffer_ends_only_the_guest(uint address, uint length)
    {
        using ScriptedGuest guest = Start();
        Give(guest, Console, FromGuest, Text, "good"u8);
        Give(guest, Console, FromGuest, address, [], writable: length);
        Ring(guest, Console).Play();
        Assert.StartsWith("bad buffer at 0x", guest.Ending);
        Assert.Equal("good", guest.Guest.ConsoleText);
    }

    [Fact]
    public void A_bell_that_is_none_ends_the_guest()
    {
        using ScriptedGuest guest = Start();
        guest.Hypercall(Call.SendDma, 0x1234, 0).Play();
        Assert.Equal("no doorbell at 0x00001234", guest.Ending);
    }

    private ScriptedGuest Start()
    {
        string image = folder.Write("disk.img", new byte[8 * SectorSize]);
        GuestDefinition definition = ScriptedGuest.Definition with { Devices = [new ConsoleDefinition(), new BlockDefinition(image, BlockMode.ReadWrite)] };
        return ScriptedGuest.Initialised(definition, makeTransport: devices => new DoorbellTransport(devices));
    }

    private static ScriptedGuest Ring(ScriptedGuest guest, int device) =>
        guest.Hypercall(Call.SendDma, DoorbellTransport.QueueAddress(ScriptedGuest.MemorySize, device, FromGuest), 0);

    private static void Give(ScriptedGuest guest, int device, int queue, uint address, ReadOnlySpan<byte> bytes, uint writable = 0)
    {
        uint at = DoorbellTransport.QueueAddress(ScriptedGuest.MemorySize, device, queue);
        uint given = guest.Memory.Read32(at + DoorbellQueue.Given);
        uint entry = at + DoorbellQueue.FirstBuffer + given % DoorbellQueue.Buffers * DoorbellQueue.BufferSize;
        if (bytes.Length > 0) guest.Memory.Write(address, bytes);
        guest.Memory.Write32(entry + DoorbellQueue.At, address);
        guest.Memory.Write32(entry + DoorbellQueue.Readable, (uint)bytes.Length);
        guest.Memory.Write32(entry + DoorbellQueue.Writable, writable);
        guest.Memory.Write32(at + DoorbellQueue.Given, given + 1);
    }

    private static uint Used(ScriptedGuest guest, int device, int queue) =>
        guest.Memory.Read32(DoorbellTransport.QueueAddress(ScriptedGuest.MemorySize, device, queue) + DoorbellQueue.Used);

    private static uint Written(ScriptedGuest guest, int device, int queue, uint buffer) =>
        guest.Memory.Read32(DoorbellTransport.QueueAddress(ScriptedGuest.MemorySize, device, queue) + DoorbellQueue.FirstBuffer + buffer * DoorbellQueue.BufferSize + DoorbellQueue.Written);
}
