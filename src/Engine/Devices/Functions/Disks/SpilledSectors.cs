using LguestPS.Files;

namespace LguestPS.Devices;

/// <summary>Sectors in a temporary file, one after the other as they were first written.</summary>
internal sealed class SpilledSectors : IDisposable
{
    private readonly FileStream file;
    private readonly Dictionary<long, long> places = [];

    /// <exception cref="IOException">There can be no temporary file.</exception>
    public SpilledSectors()
    {
        try
        {
            file = HostFile.OpenTemporary();
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    public long Count => places.Count;

    public bool Has(long sector) => places.ContainsKey(sector);

    /// <exception cref="IOException">It cannot be read.</exception>
    public void Read(long sector, Span<byte> bytes)
    {
        if (DiskFile.Read(file.SafeFileHandle, places[sector] * DiskImage.SectorSize, bytes) < bytes.Length) throw new IOException("the snapshot's temporary file has become shorter");
    }

    /// <exception cref="IOException">It cannot be written, such as for want of room.</exception>
    public void Write(long sector, ReadOnlySpan<byte> bytes)
    {
        bool isThere = places.TryGetValue(sector, out long place);
        if (!isThere) place = places.Count;
        WrittenFile.Write(file.SafeFileHandle, bytes, place * DiskImage.SectorSize);
        if (!isThere) places.Add(sector, place);
    }

    public void Dispose() => file.Dispose();
}
