using System.Security.Cryptography;
using LguestPS.Files;

namespace LguestPS.Fleets;

/// <summary>Files by the SHA-256 of their contents: each is brought to a machine once. What was not used for longest goes when it gets too much.</summary>
/// <remarks>Several processes share the folder. A file that is in use is held open, and nobody removes a file that he cannot open for himself alone.</remarks>
internal sealed class FileCache : IDisposable
{
    /// <summary>The most bytes unless somebody says otherwise.</summary>
    public const long UsualLimit = 4L << 30;

    private const string Unfinished = ".part";

    private readonly string folder;
    private readonly long limit;
    private readonly Dictionary<string, FileStream> inUse = [];

    /// <param name="folder">Where it is; made if it is not there.</param>
    /// <param name="limit">The most bytes of files that are not in use.</param>
    /// <exception cref="IOException">There can be no such folder.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public FileCache(string folder, long limit)
    {
        this.folder = folder;
        this.limit = limit;
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Where files are kept for this user.</summary>
    public static string UsualFolder
    {
        get
        {
            if (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } said && Path.IsPathFullyQualified(said)) return Path.Combine(said, "LguestPS", "files");
            string home = Environment.GetFolderPath(OperatingSystem.IsWindows() ? Environment.SpecialFolder.LocalApplicationData : Environment.SpecialFolder.UserProfile);
            if (OperatingSystem.IsWindows()) return Path.Combine(home, "LguestPS", "files");
            return OperatingSystem.IsMacOS() ? Path.Combine(home, "Library", "Caches", "LguestPS", "files") : Path.Combine(home, ".cache", "LguestPS", "files");
        }
    }

    public string Folder => folder;

    /// <summary>The hash of a file, in hexadecimal digits.</summary>
    /// <exception cref="LguestException">FileUnavailable.</exception>
    public static string HashOf(string path)
    {
        try
        {
            using FileStream file = new(HostFile.Open(path, FileMode.Open, FileAccess.Read, FileShare.Read), FileAccess.Read);
            return Convert.ToHexStringLower(SHA256.HashData(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LguestException(LguestError.FileUnavailable, $"'{path}' cannot be read: {e.Message}", e) { Path = path };
        }
    }

    /// <summary>Takes a file into use until this is disposed.</summary>
    /// <returns>False if it is not here.</returns>
    public bool TryUse(string hash)
    {
        if (inUse.ContainsKey(hash)) return true;
        try
        {
            FileStream held = new(PathOf(hash), FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            inUse.Add(hash, held);
            File.SetLastAccessTimeUtc(PathOf(hash), DateTime.UtcNow);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return inUse.ContainsKey(hash);     // the time of its last use could not be noted
        }
    }

    /// <summary>Where a file is that is in use.</summary>
    public string PathOf(string hash) => Path.Combine(folder, Checked(hash));

    /// <summary>Adds a piece of a file; the last piece makes it a file of the cache, in use.</summary>
    /// <param name="hash">What the whole file's hash is.</param>
    /// <param name="offset">Where the piece belongs.</param>
    /// <param name="piece">The bytes.</param>
    /// <param name="length">How long the file is.</param>
    /// <exception cref="IOException">It cannot be written, or is not what it should be.</exception>
    public void Add(string hash, long offset, byte[] piece, long length)
    {
        string part = $"{PathOf(hash)}.{Environment.ProcessId}{Unfinished}";
        try
        {
            if (offset == 0) MakeRoom(length);
            using (FileStream file = new(part, offset == 0 ? FileMode.Create : FileMode.Open, FileAccess.Write))
            {
                file.Position = offset;
                file.Write(piece);
            }
            if (offset + piece.Length < length) return;
            string got;
            using (FileStream file = File.OpenRead(part)) got = Convert.ToHexStringLower(SHA256.HashData(file));
            if (got != hash) throw new IOException("it arrived damaged");
            File.Move(part, PathOf(hash), overwrite: true);
            TryUse(hash);
        }
        catch
        {
            File.Delete(part);
            throw;
        }
    }

    /// <summary>How many files there are, and how many bytes.</summary>
    public (int Count, long Bytes) Size
    {
        get
        {
            FileInfo[] files = Files();
            return (files.Length, files.Sum(file => file.Length));
        }
    }

    public void Dispose()
    {
        foreach (FileStream held in inUse.Values) held.Dispose();
        inUse.Clear();
    }

    /// <summary>Removes what was not used for longest, until a new file fits; and what unfinished pieces others have left.</summary>
    private void MakeRoom(long length)
    {
        foreach (FileInfo left in new DirectoryInfo(folder).EnumerateFiles("*" + Unfinished).Where(left => left.LastWriteTimeUtc < DateTime.UtcNow - TimeSpan.FromHours(1))) TryDelete(left);
        (FileInfo File, long Length)[] files = [.. Files().OrderBy(file => file.LastAccessTimeUtc).Select(file => (file, file.Length))];
        long bytes = files.Sum(file => file.Length) + length;
        foreach ((FileInfo file, long own) in files)
        {
            if (bytes <= limit) return;
            if (!inUse.ContainsKey(file.Name) && TryDelete(file)) bytes -= own;
        }
    }

    private FileInfo[] Files() => [.. new DirectoryInfo(folder).EnumerateFiles().Where(file => !file.Name.EndsWith(Unfinished, StringComparison.Ordinal))];

    private static bool TryDelete(FileInfo file)
    {
        try
        {
            using (new FileStream(file.FullName, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0)) file.Delete();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;       // somebody uses it
        }
    }

    private static string Checked(string hash) => hash.Length == 64 && hash.All(char.IsAsciiHexDigitLower)
        ? hash
        : throw new IOException($"'{hash}' is not a hash");
}
