using LguestPS.Native;
using Microsoft.Win32.SafeHandles;

namespace LguestPS.Files;

/// <summary>Opens what somebody named as a file: it must be one, so that nothing here waits for a pipe's other end or reads a device without an end.</summary>
internal static class HostFile
{
    private const UnixFileMode PrivateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <param name="path">An absolute path.</param>
    /// <param name="mode">Whether it may be made. What is made or replaced is its owner's alone: it will hold what is in a guest. What is only opened keeps the mode somebody gave it.</param>
    /// <param name="access">What will be done with it.</param>
    /// <param name="share">What others may do meanwhile.</param>
    /// <exception cref="IOException">It is not there, or no file, or its name cannot be one.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder, or there is no permission.</exception>
    public static SafeFileHandle Open(string path, FileMode mode, FileAccess access, FileShare share)
    {
        Check(path);
        if (mode != FileMode.Open) CheckFolder(path);
        if (mode is FileMode.Create or FileMode.OpenOrCreate && !File.Exists(path)) CreatePrivate(path);
        try
        {
            return mode == FileMode.Create ? Emptied(path, access, share) : File.OpenHandle(path, mode, access, share);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new FileNotFoundException("it does not exist", e);
        }
    }

    /// <summary>A whole file.</summary>
    /// <param name="path">An absolute path.</param>
    /// <param name="most">The most bytes it may have.</param>
    /// <exception cref="IOException">As for <see cref="Open"/>; or it has more bytes.</exception>
    /// <exception cref="UnauthorizedAccessException">As for <see cref="Open"/>.</exception>
    public static byte[] ReadAll(string path, long most)
    {
        using SafeFileHandle file = Open(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        long length = RandomAccess.GetLength(file);
        return length <= Math.Min(most, Array.MaxLength) ? ReadAll(file) : throw new IOException($"it has {length} bytes; at most {Math.Min(most, Array.MaxLength)} are possible");
    }

    /// <summary>What an open file holds.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static byte[] ReadAll(SafeFileHandle file)
    {
        byte[] bytes = new byte[RandomAccess.GetLength(file)];
        int done = 0;
        for (int read = -1; read != 0 && done < bytes.Length; done += read) read = RandomAccess.Read(file, bytes.AsSpan(done), done);
        return done == bytes.Length ? bytes : throw new IOException("it became shorter while it was read");
    }

    /// <summary>Writes a whole file beside the one it replaces, and then puts it in its place; its owner's alone.</summary>
    /// <exception cref="IOException">What was there before is still there.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public static void Replace(string path, Action<FileStream> write)
    {
        CheckCanBeWritten(path);
        string unfinished = AbandonedFiles.UnfinishedName(path);
        try
        {
            using (WrittenFile file = new(unfinished, Private(FileMode.Create)))
            {
                write(file);
                file.Flush(flushToDisk: true);
            }
            File.Move(unfinished, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            File.Delete(unfinished);
            string problem = e.Message.Replace(unfinished, path);       // the other name tells nobody anything
            throw e is IOException ? new IOException(problem, e) : new UnauthorizedAccessException(problem, e);
        }
    }

    /// <summary>A file without a name that lasts as long as it is open, where this machine has temporary files.</summary>
    /// <exception cref="IOException">There can be none.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public static FileStream OpenTemporary()
    {
        FileStreamOptions options = Private(FileMode.CreateNew);
        options.Access = FileAccess.ReadWrite;
        options.Options = FileOptions.DeleteOnClose;
        string path = Path.Combine(Path.GetTempPath(), $"lguest-{Path.GetRandomFileName()}");
        WrittenFile file = new(path, options);
        if (!OperatingSystem.IsWindows()) File.Delete(path);     // a process that is killed leaves none
        return file;
    }

    private static FileStreamOptions Private(FileMode mode)
    {
        FileStreamOptions options = new() { Mode = mode, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = PrivateMode;
        return options;
    }

    /// <summary>An existing file without what it held, before anybody else can read what it will hold.</summary>
    private static SafeFileHandle Emptied(string path, FileAccess access, FileShare share)
    {
        SafeFileHandle file = File.OpenHandle(path, FileMode.Open, access, share);
        try
        {
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, PrivateMode);
            WrittenFile.SetLength(file, 0);
            return file;
        }
        catch (UnauthorizedAccessException)
        {
            file.Dispose();
            throw new UnauthorizedAccessException("it belongs to another user, who could read what is written; remove it first");
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static void CreatePrivate(string path)
    {
        try
        {
            using FileStream made = new(path, Private(FileMode.CreateNew));
        }
        catch (IOException) when (File.Exists(path))
        {
            // Somebody else was faster.
        }
    }

    /// <summary>Why a path cannot be that of a file, in words; null if it can.</summary>
    public static string? Problem(string path)
    {
        if (string.IsNullOrEmpty(path)) return "it has no name";
        if (path.Contains('\0')) return "its name has a zero byte";
        return KindOf(path) switch
        {
            FileKind.Folder => "it is a folder",
            FileKind.Pipe => "it is a pipe, not a file",
            FileKind.Socket => "it is a socket, not a file",
            FileKind.Device => "it is a device, not a file",
            _ => null,
        };
    }

    /// <exception cref="IOException">There is no such folder, or its name cannot be a file's.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder.</exception>
    public static void CheckCanBeWritten(string path)
    {
        Check(path);
        CheckFolder(path);
    }

    private static void Check(string path)
    {
        if (Problem(path) is { } problem) throw Directory.Exists(path) ? new UnauthorizedAccessException(problem) : new IOException(problem);
    }

    private static void CheckFolder(string path)
    {
        if (Path.GetDirectoryName(path) is { Length: > 0 } folder && !Directory.Exists(folder)) throw new DirectoryNotFoundException($"there is no folder '{folder}'");
    }

    private static FileKind? KindOf(string path) =>
        OperatingSystem.IsLinux() ? FileStatus.KindOf(path) : Directory.Exists(path) ? FileKind.Folder : null;
}
