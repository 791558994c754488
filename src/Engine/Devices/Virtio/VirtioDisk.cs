using System.Buffers.Binary;
using System.Text;
using LguestPS.Abi;
using LguestPS.Memory;

namespace LguestPS.Devices.Virtio;

/// <summary>A disk (virtio 1.0, 5.2): a request is a header and data to read, then data to write and a byte for the status.</summary>
/// <remarks>Whatever a request asks for, it is answered: what cannot be done has a status that says so.</remarks>
internal sealed class VirtioDisk(DiskFunction disk, VirtioRules rules) : VirtioDevice(disk)
{
    private const byte Done = 0;
    private const byte Failed = 1;
    private const byte Unsupported = 2;

    // Request types.
    private const uint In = 0;
    private const uint Out = 1;
    private const uint FlushCache = 4;
    private const uint GetId = 8;
    private const uint Barrier = 1u << 31;

    private const int IdSize = 20;
    private const int ConfigSize = 24;

    // A request has two descriptors more than its data.
    private const int BesidesData = 2;

    public override byte Type => 2;

    public override int QueueCount => 1;

    public override uint Features => rules.BlockFeatures & (disk.IsReadOnly ? ~0u : ~BlockFeature.ReadOnly);

    /// <summary>The capacity in sectors, the longest segment (not offered), and the most segments; the geometry and size of blocks (not offered).</summary>
    public override byte[] Config
    {
        get
        {
            byte[] config = new byte[ConfigSize];
            BinaryPrimitives.WriteInt64LittleEndian(config, Sectors);
            BinaryPrimitives.WriteInt32LittleEndian(config.AsSpan(12), MostSegments);
            return config;
        }
    }

    public override IEnumerable<(byte Type, byte[] Data)> Fields
    {
        get
        {
            byte[] config = Config;
            return [(0x41, config[..8]), (0x43, config[12..16])];
        }
    }

    private long Sectors => disk.Length / DiskImage.SectorSize;

    private int MostSegments => rules.QueueSize - BesidesData;

    public override bool IsServed(int queue) => true;

    public override void Serve(DeviceQueue queue)
    {
        Span<byte> header = stackalloc byte[rules.BlockHeader];
        while (queue.Take() is { } chain)
        {
            if (chain.Read(0, header) < header.Length) Refuse(queue, $"a request has {chain.ReadableLength} bytes, and {header.Length} are its header alone");
            if (chain.WritableLength == 0) Refuse(queue, "a request has no room for its status");
            byte status = Do(chain, BinaryPrimitives.ReadUInt32LittleEndian(header), BinaryPrimitives.ReadUInt64LittleEndian(header[8..]));
            chain.Write(chain.WritableLength - 1, [status]);
            queue.Return(chain, chain.WritableLength);
        }
    }

    private byte Do(DescriptorChain chain, uint type, ulong sector)
    {
        bool isBarrier = (type & Barrier) != 0;
        if (isBarrier && !disk.Sync(Host)) return Failed;
        bool? done = (type & ~Barrier) switch
        {
            In => Read(chain, sector),
            Out => Write(chain, sector),
            FlushCache => disk.Sync(Host),
            GetId => WriteId(chain),
            _ => null,
        };
        if (done is true && isBarrier && rules.SyncsAfterBarrier) done = disk.Sync(Host);
        return done switch
        {
            true => Done,
            false => Failed,
            null => Unsupported,
        };
    }

    private bool Read(DescriptorChain chain, ulong sector)
    {
        Span<GuestRange> pieces = stackalloc GuestRange[chain.Writable.Length];
        return disk.Read(Host, DescriptorChain.Part(chain.Writable, 0, chain.WritableLength - 1, pieces), OffsetOf(sector));
    }

    private bool Write(DescriptorChain chain, ulong sector)
    {
        Span<GuestRange> pieces = stackalloc GuestRange[chain.Readable.Length];
        uint header = (uint)rules.BlockHeader;
        return disk.Write(Host, DescriptorChain.Part(chain.Readable, header, chain.ReadableLength - header, pieces), OffsetOf(sector));
    }

    /// <summary>The disk's name, filled up with zeros.</summary>
    private bool WriteId(DescriptorChain chain)
    {
        if (chain.WritableLength <= IdSize) return false;
        Span<byte> id = stackalloc byte[IdSize];
        Encoding.ASCII.GetBytes(disk.Name, id);
        chain.Write(0, id);
        return true;
    }

    /// <summary>Where a sector begins; beyond the end of any disk for one that no disk has.</summary>
    private static long OffsetOf(ulong sector) => sector < long.MaxValue / DiskImage.SectorSize ? (long)sector * DiskImage.SectorSize : long.MaxValue;
}
