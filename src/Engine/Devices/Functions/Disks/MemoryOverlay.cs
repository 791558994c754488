namespace LguestPS.Devices;

/// <summary>In memory, what is too much for that in a temporary file, and gone with the guest. It holds each sector once.</summary>
internal sealed class MemoryOverlay(SnapshotLimit limit) : SectorOverlay
{
    private readonly SnapshotLimit limit = limit;
    private Dictionary<long, byte[]> sectors = [];
    private SectorImage? lastImage;
    private bool hasImages;
    private SpilledSectors? spilled;

    /// <summary>Whether some of it is in a file, which no checkpoint holds.</summary>
    public bool HasSpilled => spilled is not null;

    public override long SectorCount => sectors.Count + (spilled?.Count ?? 0);

    /// <summary>The sectors as they are now. From here on nothing more spills: checkpoints hold memory only.</summary>
    public SectorImage Image
    {
        get
        {
            hasImages = true;
            return lastImage ??= new SectorImage(new Dictionary<long, byte[]>(sectors));
        }
    }

    /// <summary>Puts sectors back as an image has them.</summary>
    public void Load(SectorImage image)
    {
        sectors = new Dictionary<long, byte[]>(image.Sectors);
        lastImage = image;
        hasImages = true;
    }

    public override bool Has(long sector) => sectors.ContainsKey(sector) || spilled?.Has(sector) == true;

    public override void Read(long sector, Span<byte> bytes)
    {
        if (sectors.TryGetValue(sector, out byte[]? data)) data.AsSpan(0, bytes.Length).CopyTo(bytes);
        else spilled!.Read(sector, bytes);
    }

    public override void Write(long first, ReadOnlySpan<byte> bytes)
    {
        long count = bytes.Length / DiskImage.SectorSize, added = 0;
        for (long sector = first; sector < first + count; sector++)
            if (!Has(sector)) added++;
        CheckRoom(added);
        lastImage = null;
        for (long i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> data = bytes.Slice((int)i * DiskImage.SectorSize, DiskImage.SectorSize);
            // Never in place: images share what was written before.
            if (sectors.ContainsKey(first + i) || (spilled?.Has(first + i) != true && FitsInMemory)) sectors[first + i] = data.ToArray();
            else (spilled ??= new SpilledSectors()).Write(first + i, data);
        }
    }

    public override void Dispose() => spilled?.Dispose();

    private bool FitsInMemory => hasImages || (sectors.Count + 1L) * DiskImage.SectorSize <= limit.InMemory;

    /// <exception cref="IOException">There is none.</exception>
    private void CheckRoom(long added)
    {
        if (added == 0) return;
        long most = hasImages ? limit.WithCheckpoints : limit.Bytes;
        if ((SectorCount + added) * DiskImage.SectorSize <= most) return;
        throw new IOException($"the snapshot holds all of the {most >> 20} MiB it may{(hasImages ? " in memory, where the guest's checkpoints and recording keep it" : "")}; give the disk a larger 'limit' or an 'overlay' file");
    }
}
