using LguestPS.Files;
using Microsoft.Win32.SafeHandles;

namespace LguestPS.Devices;

/// <summary>The image file of a disk: whole sectors, one writer at a time.</summary>
internal class DiskImage : IDisposable
{
    public const int SectorSize = 512;

    private readonly SafeFileHandle file = null!;      // an image without a file does everything itself
    private (byte[] Bytes, DateTime Taken)? fingerprint;

    /// <param name="path">Where it is, or was.</param>
    /// <param name="length">Bytes, whole sectors only.</param>
    protected DiskImage(string path, long length)
    {
        Path = path;
        Length = length;
    }

    private DiskImage(string path, SafeFileHandle file, long length)
        : this(path, length) => this.file = file;

    public string Path { get; }

    /// <summary>Bytes, whole sectors only.</summary>
    public long Length { get; }

    /// <summary>When the file was last written, UTC.</summary>
    public virtual DateTime LastWrite => File.GetLastWriteTimeUtc(file);

    /// <summary>What it held when this was asked for the first time.</summary>
    /// <exception cref="LguestException">FileUnavailable: it cannot be read.</exception>
    public virtual ReadOnlySpan<byte> Fingerprint => (fingerprint ??= (TakeFingerprint(), LastWrite)).Bytes;

    /// <summary>Whether somebody has changed it since its fingerprint was taken.</summary>
    /// <exception cref="LguestException">FileUnavailable: it cannot be read.</exception>
    public virtual bool HasChanged => fingerprint is var (bytes, taken) && LastWrite != taken && !TakeFingerprint().AsSpan().SequenceEqual(bytes);

    /// <exception cref="LguestException">FileUnavailable; or InvalidImage if it has not even one sector.</exception>
    public static DiskImage Open(string path, bool forWriting)
    {
        SafeFileHandle file = DiskFile.OpenUnpacked(path, forWriting);
        long length = DiskFile.LengthOf(file) / SectorSize * SectorSize;
        if (length > 0) return new DiskImage(path, file, length);
        file.Dispose();
        throw new LguestException(LguestError.InvalidImage, $"disk image '{path}' is smaller than one sector of {SectorSize} bytes") { Path = path };
    }

    /// <summary>The image that a recorded run has read from: the file if it still is that, else what the recording has of it.</summary>
    /// <exception cref="LguestException">FileUnavailable: it is not there, and the recording does not have it; or InvalidImage.</exception>
    public static DiskImage Open(string path, RecordedDisk recorded)
    {
        if (recorded.Runs is null) return Open(path, forWriting: false);
        DiskImage? image = null;
        try
        {
            image = Open(path, forWriting: false);
            if (image.Length == recorded.Length && image.Fingerprint.SequenceEqual(recorded.Fingerprint)) return image;
        }
        catch (LguestException)
        {
        }
        image?.Dispose();
        return new RecordedImage(path, recorded);
    }

    /// <exception cref="IOException">It cannot be read, or has become shorter.</exception>
    public virtual void Read(long offset, Span<byte> bytes)
    {
        if (DiskFile.Read(file, offset, bytes) < bytes.Length) throw Shortened();
    }

    /// <summary>When this returns, the bytes are in the file: the death of this process loses none of them.</summary>
    /// <exception cref="IOException">They are not, or the file is gone.</exception>
    public virtual void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        // A write would fill the gap with zeros, and go unnoticed.
        if (RandomAccess.GetLength(file) < Length) throw Shortened();
        WrittenFile.Write(file, bytes, offset);
        if (!IsStillThere()) throw new IOException($"'{Path}' was removed or replaced while in use; what is written to it would be lost");
    }

    /// <summary>Puts what was written where it survives the machine, too.</summary>
    /// <exception cref="IOException">That is not certain.</exception>
    public virtual void Flush() => RandomAccess.FlushToDisk(file);

    public virtual void Dispose() => file.Dispose();

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
