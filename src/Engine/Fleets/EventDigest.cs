using System.Security.Cryptography;
using LguestPS.Exports;

namespace LguestPS.Fleets;

/// <summary>Hashes events as the JSON lines they make, in which nothing depends on the host.</summary>
internal sealed class EventDigest : IDisposable
{
    private readonly SHA256 hash = SHA256.Create();
    private readonly CryptoStream stream;
    private readonly EventExporter lines;

    public EventDigest()
    {
        stream = new CryptoStream(Stream.Null, hash, CryptoStreamMode.Write);
        lines = EventExporter.Create(ExportFormat.JsonLines, stream);
    }

    public void Add(LguestEvent happened) => lines.Write(happened);

    /// <summary>The hash of all that was added, in hexadecimal digits; nothing can be added after it.</summary>
    public string Finish()
    {
        lines.Finish();
        stream.FlushFinalBlock();
        return Convert.ToHexStringLower(hash.Hash!);
    }

    public void Dispose()
    {
        stream.Dispose();
        hash.Dispose();
    }
}
