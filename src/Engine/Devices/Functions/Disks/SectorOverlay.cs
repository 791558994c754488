namespace LguestPS.Devices;

/// <summary>The sectors of a snapshot that were written since; the image below them stays as it is.</summary>
internal abstract class SectorOverlay : IDisposable
{
    /// <summary>How many sectors are in it.</summary>
    public abstract long SectorCount { get; }

    public abstract bool Has(long sector);

    /// <summary>Reads (part of) a sector that is in it.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public abstract void Read(long sector, Span<byte> bytes);

    /// <summary>Takes whole sectors.</summary>
    /// <exception cref="IOException">They are not all in it.</exception>
    public abstract void Write(long first, ReadOnlySpan<byte> bytes);

    /// <summary>Puts what was written where it survives the machine, if it is meant to.</summary>
    /// <exception cref="IOException">That is not certain.</exception>
    public virtual void Flush()
    {
    }

    public virtual void Dispose()
    {
    }
}

/// <summary>In memory, and gone with the guest. It holds each sector once, so it never outgrows the disk.</summary>
internal sealed class MemoryOverlay : SectorOverlay
{
    private Dictionary<long, byte[]> sectors = [];
    private SectorImage? lastImage;

    /// <summary>Puts sectors back as an image has them.</summary>
    public void Load(SectorImage image)
    {
        sectors = new Dictionary<long, byte[]>(image.Sectors);
        lastImage = image;
    }

    public override long SectorCount => sectors.Count;

    public override bool Has(long sector) => sectors.ContainsKey(sector);

    public override void Read(long sector, Span<byte> bytes) => sectors[sector].AsSpan(0, bytes.Length).CopyTo(bytes);

    /// <summary>The sectors as they are now.</summary>
    public SectorImage Image => lastImage ??= new SectorImage(new Dictionary<long, byte[]>(sectors));

    public override void Write(long first, ReadOnlySpan<byte> bytes)
    {
        lastImage = null;
        for (int at = 0; at < bytes.Length; at += DiskImage.SectorSize)
        {
            // Never in place: images share what was written before.
            sectors[first + at / DiskImage.SectorSize] = bytes.Slice(at, DiskImage.SectorSize).ToArray();
        }
    }
}
