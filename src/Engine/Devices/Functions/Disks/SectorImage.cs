using LguestPS.State;

namespace LguestPS.Devices;

/// <summary>The sectors of a disk that were written, at one moment.</summary>
/// <param name="sectors">By their numbers; nobody changes them any more.</param>
internal sealed class SectorImage(IReadOnlyDictionary<long, byte[]> sectors) : SharedState
{
    public IReadOnlyDictionary<long, byte[]> Sectors => sectors;

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
    public static SectorImage ReadFrom(BinaryReader file)
    {
        Dictionary<long, byte[]> sectors = [];
        for (int left = file.ReadInt32(); left > 0; left--)
        {
            long sector = file.ReadInt64();
            byte[] data = new byte[DiskImage.SectorSize];
            file.BaseStream.ReadExactly(data);
            if (!sectors.TryAdd(sector, data)) throw new InvalidStateException($"sector {sector} is there twice");
        }
        return new SectorImage(sectors);
    }
}
