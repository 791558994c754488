using LguestPS.Files;
using Microsoft.Win32.SafeHandles;

namespace LguestPS.Devices;

/// <summary>Opens and reads the files of disks.</summary>
internal static class DiskFile
{
    private const long LargestUnpacked = 16L << 30;

    /// <param name="path">The file.</param>
    /// <param name="what">What it is, for the message.</param>
    /// <param name="mode">Whether it may be made.</param>
    /// <param name="forWriting">To write it, alone; else to read it, and it must not be written meanwhile.</param>
    /// <exception cref="LguestException">FileUnavailable.</exception>
    public static SafeFileHandle Open(string path, string what, FileMode mode, bool forWriting)
    {
        try
        {
            return HostFile.Open(path, mode, forWriting ? FileAccess.ReadWrite : FileAccess.Read, forWriting ? FileShare.None : FileShare.Read);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string problem = e switch
            {
                DirectoryNotFoundException when mode != FileMode.Open => $"cannot be made: {e.Message}",
                FileNotFoundException or DirectoryNotFoundException => "does not exist",
                UnauthorizedAccessException when Directory.Exists(path) => "is a folder",
                UnauthorizedAccessException => $"cannot be opened{(forWriting ? " for writing" : "")}: permission denied",
                _ when IsInUse(e) => "is in use: who writes it must be its only user. End the other guest, or give each a copy",
                _ => $"cannot be opened: {e.Message}",
            };
            throw new LguestException(LguestError.FileUnavailable, $"{what} '{path}' {problem}", e) { Path = path };
        }
    }

    /// <summary>A disk image; of one that is shipped packed, what is in it, in a temporary file.</summary>
    /// <exception cref="LguestException">FileUnavailable; or InvalidImage if it is packed, and to be written.</exception>
    public static SafeFileHandle OpenUnpacked(string path, bool forWriting)
    {
        SafeFileHandle file = Open(path, "disk image", FileMode.Open, forWriting);
        try
        {
            if (LengthOf(file) == 0 || PackedFile.PackingOf(path, file) is not { } packing) return file;
            if (forWriting)
            {
                file.Dispose();
                throw new LguestException(LguestError.InvalidImage, $"disk image '{path}' is packed with {packing}, so nothing can be written to it; use mode 'snapshot' or 'readOnly', or unpack it") { Path = path };
            }
            using (file) return PackedFile.ToTemporary(file, packing, LargestUnpacked).SafeFileHandle;      // which owns the file
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            file.Dispose();
            throw new LguestException(LguestError.FileUnavailable, $"disk image '{path}' cannot be unpacked: {e.Message}", e) { Path = path };
        }
    }

    /// <returns>0 for what has no length, such as a terminal.</returns>
    public static long LengthOf(SafeFileHandle file)
    {
        try
        {
            return RandomAccess.GetLength(file);
        }
        catch (NotSupportedException)
        {
            return 0;
        }
    }

    /// <returns>Bytes read; fewer than asked for at the end of the file.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static int Read(SafeFileHandle file, long offset, Span<byte> bytes)
    {
        int done = 0;
        while (done < bytes.Length)
        {
            int read = RandomAccess.Read(file, bytes[done..], offset + done);
            if (read == 0) break;
            done += read;
        }
        return done;
    }

    /// <summary>EWOULDBLOCK of Linux and of macOS, ERROR_SHARING_VIOLATION of Windows.</summary>
    private static bool IsInUse(Exception e) => e.HResult is 11 or 35 or unchecked((int)0x80070020);
}
