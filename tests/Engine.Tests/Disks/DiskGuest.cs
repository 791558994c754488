namespace LguestPS.Tests.Disks;

/// <summary>A scripted guest with a console and one disk, which it reads and writes.</summary>
internal sealed class DiskGuest : IDisposable
{
    public const int SectorSize = 512;
    public const uint Ok = 1, Failed = 2;

    private const uint Sent = ScriptedGuest.DmaAddress;
    private const uint Reply = ScriptedGuest.DmaAddress + 0x100;
    private const uint Data = ScriptedGuest.FreePages;

    // The console has slot 0 and no page, so the disk's page follows the descriptor page.
    private const uint Page = ScriptedGuest.MemorySize + 0x1000;

    private readonly ScriptedGuest guest;

    public DiskGuest(BlockDefinition disk)
    {
        guest = ScriptedGuest.Initialised(ScriptedGuest.Definition with { Devices = [new ConsoleDefinition(), disk] });
        guest.Hypercall(Call.BindDma, Page, Reply, 1 << 8 | 2).Play();
    }

    public List<string> Warnings => guest.Warnings;

    public GuestDisk Disk => guest.Guest.Disks.Single();

    public Guest Guest => guest.Guest;

    public uint Write(uint sector, params byte[] data)
    {
        guest.Memory.Write(Data, data);
        guest.Dma(Sent, (Data, data.Length));
        guest.Dma(Reply);
        return Request(write: 1, sector, data.Length);
    }

    /// <summary>Writes a sector full of one value.</summary>
    public uint Fill(uint sector, byte value) => Write(sector, [.. Enumerable.Repeat(value, SectorSize)]);

    public uint Read(uint sector, out byte[] data, int bytes = SectorSize)
    {
        guest.Dma(Sent);
        guest.Dma(Reply, (Data, bytes));
        uint result = Request(write: 0, sector, bytes);
        data = guest.Memory.Read(Data, (uint)bytes).ToArray();
        return result;
    }

    /// <summary>The value a sector is full of.</summary>
    public byte Value(uint sector)
    {
        Xunit.Assert.Equal(Ok, Read(sector, out byte[] data));
        return Xunit.Assert.Single(data.Distinct());
    }

    public void PowerDown() => guest.Hypercall(Call.Crash, guest.CrashText("Power down")).Play();

    public void Dispose() => guest.Dispose();

    private uint Request(uint write, uint sector, int bytes)
    {
        guest.Memory.Write32(Page, write);
        guest.Memory.Write32(Page + 4, sector);
        guest.Memory.Write32(Page + 8, (uint)bytes);
        guest.Memory.Write32(Page + 12, 0);
        guest.Hypercall(Call.SendDma, Page, Sent).Play();
        return guest.Memory.Read32(Page + 12);
    }
}
