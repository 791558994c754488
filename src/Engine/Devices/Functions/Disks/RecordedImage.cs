namespace LguestPS.Devices;

/// <summary>The image of a disk as far as a recorded run has read it, for where the image itself is not.</summary>
internal sealed class RecordedImage : DiskImage
{
    private readonly byte[] fingerprint;
    private readonly IReadOnlyList<(long FirstSector, byte[] Bytes)> runs;

    public RecordedImage(string path, RecordedDisk disk)
        : base(path, disk.Length)
    {
        fingerprint = disk.Fingerprint;
        runs = disk.Runs ?? [];
    }

    public override DateTime LastWrite => default;

    public override ReadOnlySpan<byte> Fingerprint => fingerprint;

    public override bool HasChanged => false;

    public override void Read(long offset, Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            long sector = offset / SectorSize;
            if (Find(sector) is not var (first, held) || first > sector || (sector - first) * SectorSize >= held.Length)
                throw new IOException($"sector {sector} was not read while this was recorded, and the image '{Path}' is not here");
            int from = (int)(offset - first * SectorSize), length = Math.Min(bytes.Length, held.Length - from);
            held.AsSpan(from, length).CopyTo(bytes);
            offset += length;
            bytes = bytes[length..];
        }
    }

    public override void Write(long offset, ReadOnlySpan<byte> bytes) => throw new IOException($"the image '{Path}' is not here");

    public override void Flush()
    {
    }

    public override void Dispose()
    {
    }

    /// <summary>The last stretch that does not begin after a sector.</summary>
    private (long FirstSector, byte[] Bytes)? Find(long sector)
    {
        int low = 0, high = runs.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (runs[middle].FirstSector <= sector) low = middle + 1;
            else high = middle;
        }
        return low == 0 ? null : runs[low - 1];
    }
}
