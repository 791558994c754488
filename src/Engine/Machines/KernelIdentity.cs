using System.Security.Cryptography;

namespace LguestPS.Machines;

/// <summary>Which kernel a guest was booted with: the hash of its file, taken when somebody first asks for it.</summary>
internal sealed class KernelIdentity
{
    private readonly Lazy<string?> hash;

    private KernelIdentity(Func<string?> take) => hash = new Lazy<string?>(take);

    /// <summary>SHA-256 in hexadecimal digits; null if the file is gone, or has changed since it was loaded.</summary>
    public string? Sha256 => hash.Value;

    /// <summary>Of a kernel that is being loaded.</summary>
    public static KernelIdentity Of(string path)
    {
        (long, DateTime) loaded = Stamp(path);
        return new KernelIdentity(() => Stamp(path) == loaded && loaded != default ? Take(path) : null);
    }

    /// <summary>As a file tells it.</summary>
    public static KernelIdentity Known(string? sha256) => new(() => sha256);

    private static string? Take(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            return Convert.ToHexStringLower(SHA256.HashData(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static (long, DateTime) Stamp(string path)
    {
        try
        {
            FileInfo info = new(path);
            return (info.Length, info.LastWriteTimeUtc);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return default;
        }
    }
}
