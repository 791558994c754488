using LguestPS.Files;
using Microsoft.Win32.SafeHandles;

namespace LguestPS.Boot;

/// <summary>Reads the files a guest boots from.</summary>
internal static class BootFile
{
    /// <summary>The most bytes of a kernel's file that comes packed: one with all that a debugger wants has a few hundred MiB.</summary>
    private const long LargestUnpacked = 1 << 30;

    /// <summary>Reads a kernel's file, which may come packed as a whole.</summary>
    /// <exception cref="LguestException">As for <see cref="Read"/>.</exception>
    public static byte[] ReadKernel(string path) => Read(path, "kernel", GuestDefinition.MaximumMemory, mayBePacked: true);

    /// <param name="path">The file.</param>
    /// <param name="what">What it is, for the message: kernel, initrd.</param>
    /// <param name="most">The most bytes it may have.</param>
    /// <param name="mayBePacked">Whether what is in a file that is packed as a whole is meant.</param>
    /// <exception cref="LguestException">FileUnavailable; or InvalidImage if it is empty or larger than <paramref name="most"/>.</exception>
    public static byte[] Read(string path, string what, long most, bool mayBePacked = false)
    {
        if (Directory.Exists(path)) throw new LguestException(LguestError.FileUnavailable, $"{what} '{path}' is a folder; name the {what} file in it") { Path = path };
        most = Math.Min(most, Array.MaxLength);
        try
        {
            using SafeFileHandle file = HostFile.Open(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            long length = RandomAccess.GetLength(file);
            if (length == 0 || length > most)
                throw new LguestException(LguestError.InvalidImage,
                    length == 0 ? $"{what} '{path}' is empty" : $"{what} '{path}' has {length} bytes; at most {most} fit") { Path = path };
            return mayBePacked && PackedFile.PackingOf(file) is { } packing ? Unpack(path, what, file, packing) : HostFile.ReadAll(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            string problem = e is FileNotFoundException or DirectoryNotFoundException ? "does not exist" : $"cannot be read: {e.Message}";
            throw new LguestException(LguestError.FileUnavailable, $"{what} '{path}' {problem}", e) { Path = path };
        }
    }

    private static byte[] Unpack(string path, string what, SafeFileHandle file, string packing)
    {
        try
        {
            return PackedFile.ReadAll(file, packing, LargestUnpacked);
        }
        catch (IOException e)
        {
            throw new LguestException(LguestError.InvalidImage, $"{what} '{path}' cannot be unpacked: {e.Message}", e) { Path = path };
        }
    }
}
