using LguestPS.State;

namespace LguestPS.Devices;

/// <summary>What a recorded run has read of a disk's image, so that it can be repeated where that image is not.</summary>
/// <param name="Length">Bytes of the disk.</param>
/// <param name="Fingerprint">Of the whole image.</param>
/// <param name="Runs">Where whole sectors were read, in order, and what they held; null if that was more than a file takes.</param>
internal sealed record RecordedDisk(long Length, byte[] Fingerprint, IReadOnlyList<(long FirstSector, byte[] Bytes)>? Runs)
{
    /// <summary>The most bytes of a disk that a file takes along.</summary>
    public const long MostBytes = 256L << 20;

    private const int LongestRun = 1 << 20;
    private const int FingerprintBytes = 32;

    public void WriteTo(BinaryWriter file)
    {
        file.Write(Length);
        file.Write(Fingerprint);
        file.Write(Runs?.Sum(run => (long)run.Bytes.Length) ?? -1);
        if (Runs is null) return;
        file.Write(Runs.Count);
        foreach ((long first, byte[] bytes) in Runs)
        {
            file.Write(first);
            file.Write(bytes.Length / DiskImage.SectorSize);
            file.Write(bytes);
        }
    }

    /// <exception cref="InvalidStateException">It makes no sense.</exception>
    /// <exception cref="IOException">It is cut off.</exception>
    public static RecordedDisk ReadFrom(BoundedReader file)
    {
        long length = file.ReadInt64();
        byte[] fingerprint = file.Read(FingerprintBytes, FingerprintBytes, "a disk's fingerprint");
        long bytes = file.ReadInt64();
        if (length <= 0 || length % DiskImage.SectorSize != 0 || bytes < -1 || bytes > Math.Min(length, MostBytes)) throw new InvalidStateException($"{bytes} bytes were read of a disk of {length}");
        if (bytes < 0) return new RecordedDisk(length, fingerprint, null);
        file.Allow(bytes);
        List<(long, byte[])> runs = [];
        long next = 0;
        for (int left = file.ReadCount("stretches of a disk"); left > 0; left--)
        {
            long first = file.ReadInt64();
            int count = file.ReadInt32();
            if (first < next || count <= 0 || count > LongestRun / DiskImage.SectorSize || count > length / DiskImage.SectorSize - first || (bytes -= count * (long)DiskImage.SectorSize) < 0)
                throw new InvalidStateException("the stretches that were read of a disk are not in order, or lie outside of it");
            runs.Add((first, file.Read(count * DiskImage.SectorSize, LongestRun, "a stretch of a disk")));
            next = first + count;
        }
        return new RecordedDisk(length, fingerprint, runs);
    }

    /// <summary>Takes what was read of an image.</summary>
    /// <exception cref="LguestException">FileUnavailable: it cannot be read any more.</exception>
    public static RecordedDisk Of(DiskImage image, SectorSet read)
    {
        byte[] fingerprint = image.Fingerprint.ToArray();
        if (read.Count * DiskImage.SectorSize > MostBytes) return new RecordedDisk(image.Length, fingerprint, null);
        List<(long, byte[])> runs = [];
        try
        {
            foreach ((long first, long count) in read.Runs())
            {
                const int Most = LongestRun / DiskImage.SectorSize;
                for (long done = 0; done < count; done += Most)
                {
                    byte[] bytes = new byte[Math.Min(Most, count - done) * DiskImage.SectorSize];
                    image.Read((first + done) * DiskImage.SectorSize, bytes);
                    runs.Add((first + done, bytes));
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LguestException(LguestError.FileUnavailable, $"disk image '{image.Path}' cannot be read: {e.Message}", e) { Path = image.Path };
        }
        return new RecordedDisk(image.Length, fingerprint, runs);
    }
}
