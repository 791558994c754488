using Microsoft.Win32.SafeHandles;

namespace LguestPS.Devices;

/// <summary>The image file of a disk: whole sectors, one writer at a time.</summary>
internal sealed class DiskImage : IDisposable
{
    public const int SectorSize = 512;

    private readonly SafeFileHandle file;
    private (byte[] Bytes, DateTime Taken)? fingerprint;

    private DiskImage(string path, SafeFileHandle file, long length)
    {
        Path = path;
        this.file = file;
        Length = length;
    }

    public string Path { get; }

    /// <summary>Bytes, whole sectors only.</summary>
    public long Length { get; }

    /// <summary>When the file was last written, UTC.</summary>
    public DateTime LastWrite => File.GetLastWriteTimeUtc(file);

    /// <summary>What it held when this was asked for the first time.</summary>
    /// <exception cref="LguestException">FileUnavailable: it cannot be read.</exception>
    public ReadOnlySpan<byte> Fingerprint => (fingerprint ??= (TakeFingerprint(), LastWrite)).Bytes;

    /// <summary>Whether somebody has changed it since its fingerprint was taken.</summary>
    /// <exception cref="LguestException">FileUnavailable: it cannot be read.</exception>
    public bool HasChanged => fingerprint is var (bytes, taken) && LastWrite != taken && !TakeFingerprint().AsSpan().SequenceEqual(bytes);

    /// <exception cref="LguestException">FileUnavailable; or InvalidImage if it has not even one sector.</exception>
    public static DiskImage Open(string path, bool forWriting)
    {
        SafeFileHandle file = DiskFile.Open(path, "disk image", FileMode.Open, forWriting);
        long length = DiskFile.LengthOf(file) / SectorSize * SectorSize;
        if (length > 0) return new DiskImage(path, file, length);
        file.Dispose();
        throw new LguestException(LguestError.InvalidImage, $"disk image '{path}' is smaller than one sector of {SectorSize} bytes") { Path = path };
    }

    /// <exception cref="IOException">It cannot be read, or has become shorter.</exception>
    public void Read(long offset, Span<byte> bytes)
    {
        if (DiskFile.Read(file, offset, bytes) < bytes.Length) throw Shortened();
    }

    /// <summary>When this returns, the bytes are in the file: the death of this process loses none of them.</summary>
    /// <exception cref="IOException">They are not, or the file is gone.</exception>
    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        // A write would fill the gap with zeros, and go unnoticed.
        if (RandomAccess.GetLength(file) < Length) throw Shortened();
        RandomAccess.Write(file, bytes, offset);
        if (!IsStillThere()) throw new IOException($"'{Path}' was removed or replaced while in use; what is written to it would be lost");
    }

    /// <summary>Puts what was written where it survives the machine, too.</summary>
    /// <exception cref="IOException">That is not certain.</exception>
    public void Flush() => RandomAccess.FlushToDisk(file);

    public void Dispose() => file.Dispose();

    private byte[] TakeFingerprint()
    {
        try
        {
            return DiskFingerprint.Of(this);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LguestException(LguestError.FileUnavailable, $"disk image '{Path}' cannot be read: {e.Message}", e) { Path = Path };
        }
    }

    /// <summary>Whether the path still leads to the open file: after a write, both have the same time or are two files.</summary>
    private bool IsStillThere()
    {
        DateTime before = LastWrite;
        DateTime now = File.GetLastWriteTimeUtc(Path);
        return now == before || now == LastWrite;
    }

    private IOException Shortened() => new($"'{Path}' has become shorter while in use; it had {Length} bytes");
}
