using LguestPS.Errors;
using LguestPS.Memory;

namespace LguestPS.Devices.Dma;

/// <summary>A disk: the request is in the device's page, the data in the sent or the bound DMA (ABI §8).</summary>
internal sealed class DmaDisk(DiskFunction disk) : DmaDevice(disk)
{
    private const int RequestWrite = 1;
    private const uint ResultOk = 1;
    private const uint ResultError = 2;

    // Offsets in the device's page.
    private const uint RequestType = 0;
    private const uint RequestSector = 4;
    private const uint RequestBytes = 8;
    private const uint RequestResult = 12;
    private const uint SectorCount = 16;

    public override ushort Type => 3;

    public override ushort Features => DmaNet.Randomness;

    public override int Pages => 1;

    public override DmaOutcome Serve(DmaTransport transport, DmaList sent)
    {
        GuestMemory memory = transport.Host.Memory;
        DmaBinding binding = transport.Bindings.Find(Key) ?? throw new GuestKilledException($"{disk.Name}: request without a bound reply buffer");
        DmaList reply = transport.Bindings.FindFree(binding, transport.Layout) ?? throw new GuestKilledException($"{disk.Name}: request without a free reply buffer");

        long offset = (long)memory.Read32(PageAddress + RequestSector) * DiskImage.SectorSize;
        uint bytes = memory.Read32(PageAddress + RequestBytes);
        bool write = memory.Read32(PageAddress + RequestType) == RequestWrite;
        bool done = write ? Write(transport.Host, sent, offset, bytes) : disk.Read(transport.Host, reply, offset, bytes);

        memory.Write32(PageAddress + RequestResult, done ? ResultOk : ResultError);
        // Neither used_len is used for disks: 0 keeps the one-entry reply array free for the next request.
        reply.UsedLength = 0;
        transport.Host.Raise(binding.Irq);
        return done && !write ? new DmaOutcome(0, reply, bytes) : new DmaOutcome(0);
    }

    protected override void PreparePage(GuestMemory memory) =>
        memory.Write32(PageAddress + SectorCount, (uint)Math.Min(disk.Length / DiskImage.SectorSize, uint.MaxValue));

    private bool Write(IDeviceHost host, DmaList sent, long offset, uint bytes)
    {
        if (sent.Length == bytes) return disk.Write(host, offset, sent.ReadAll());
        disk.Refuse(host);
        return false;
    }
}
