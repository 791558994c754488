using LguestPS.State;

namespace LguestPS.Devices;

/// <summary>The sectors of a disk that were written, at one moment.</summary>
/// <param name="sectors">By their numbers; they no longer change.</param>
internal sealed class SectorImage(IReadOnlyDictionary<long, byte[]> sectors) : SharedState
{
    private const long BytesOfPlace = 40;       // an entry of a dictionary and the head of an array

    public IReadOnlyDictionary<long, byte[]> Sectors => sectors;

    /// <summary>Bytes it holds that another image does not, the sectors' places with them.</summary>
    public long BytesNotIn(SectorImage? other)
    {
        if (other == this) return 0;
        long count = 0;
        foreach ((long sector, byte[] data) in sectors)
            if (other is null || !other.Sectors.TryGetValue(sector, out byte[]? before) || before != data) count++;
        return count * DiskImage.SectorSize + sectors.Count * BytesOfPlace;
    }

    public override void WriteTo(BinaryWriter file)
    {
        file.Write(sectors.Count);
        foreach ((long sector, byte[] data) in sectors.OrderBy(entry => entry.Key))
        {
            file.Write(sector);
            file.Write(data);
        }
    }

    /// <exception cref="EndOfStreamException">It is cut off.</exception>
    /// <exception cref="InvalidStateException">It holds a sector twice.</exception>
    public static SectorImage ReadFrom(BoundedReader file)
    {
        Dictionary<long, byte[]> sectors = [];
        for (int left = file.ReadCount("sectors"); left > 0; left--)
        {
            long sector = file.ReadInt64();
            byte[] data = file.Read(DiskImage.SectorSize, DiskImage.SectorSize, "a sector");
            if (!sectors.TryAdd(sector, data)) throw new InvalidStateException($"sector {sector} is there twice");
        }
        return new SectorImage(sectors);
    }
}
