using Microsoft.Win32.SafeHandles;

namespace LguestPS.Devices;

/// <summary>The contents of a disk: an image file and, for a snapshot, the sectors written since.</summary>
internal sealed class BlockStore : IDisposable
{
    private readonly SafeFileHandle file;
    private readonly BlockMode mode;
    private readonly Dictionary<long, byte[]> overlay = [];

    private BlockStore(SafeFileHandle file, BlockMode mode, long length)
    {
        this.file = file;
        this.mode = mode;
        Length = length;
    }

    /// <summary>Bytes of the image, whole sectors only.</summary>
    public long Length { get; }

    /// <exception cref="LguestException">FileUnavailable; or InvalidImage if it has not even one sector.</exception>
    public static BlockStore Open(string path, BlockMode mode)
    {
        SafeFileHandle file;
        try
        {
            bool writes = mode == BlockMode.ReadWrite;
            file = File.OpenHandle(path, FileMode.Open, writes ? FileAccess.ReadWrite : FileAccess.Read, writes ? FileShare.Read : FileShare.ReadWrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LguestException(LguestError.FileUnavailable, $"disk image '{path}': {e.Message}", e) { Path = path };
        }
        long length = RandomAccess.GetLength(file) / BlockDevice.SectorSize * BlockDevice.SectorSize;
        if (length > 0) return new BlockStore(file, mode, length);
        file.Dispose();
        throw new LguestException(LguestError.InvalidImage, $"disk image '{path}' is smaller than one sector of {BlockDevice.SectorSize} bytes") { Path = path };
    }

    /// <returns>False if the range is not inside the disk or cannot be read; then the buffer's contents are undefined.</returns>
    public bool TryRead(long offset, Span<byte> bytes)
    {
        if (!IsInside(offset, bytes.Length)) return false;
        try
        {
            for (int done = 0; done < bytes.Length;)
            {
                int read = RandomAccess.Read(file, bytes[done..], offset + done);
                if (read == 0) return false;
                done += read;
            }
        }
        catch (IOException)
        {
            return false;
        }
        for (int at = 0; overlay.Count > 0 && at < bytes.Length; at += BlockDevice.SectorSize)
        {
            if (overlay.TryGetValue((offset + at) / BlockDevice.SectorSize, out byte[]? sector))
                sector.AsSpan(0, Math.Min(sector.Length, bytes.Length - at)).CopyTo(bytes[at..]);
        }
        return true;
    }

    /// <returns>False if the range is not inside the disk, is not whole sectors, or cannot be written.</returns>
    public bool TryWrite(long offset, ReadOnlySpan<byte> bytes)
    {
        if (mode == BlockMode.ReadOnly || !IsInside(offset, bytes.Length) || bytes.Length % BlockDevice.SectorSize != 0) return false;
        if (mode == BlockMode.Snapshot)
        {
            for (int at = 0; at < bytes.Length; at += BlockDevice.SectorSize)
                overlay[(offset + at) / BlockDevice.SectorSize] = bytes.Slice(at, BlockDevice.SectorSize).ToArray();
            return true;
        }
        try
        {
            RandomAccess.Write(file, bytes, offset);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public void Dispose() => file.Dispose();

    private bool IsInside(long offset, int length) => offset >= 0 && offset <= Length && length <= Length - offset;
}
