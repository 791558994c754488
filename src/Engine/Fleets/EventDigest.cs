using System.Security.Cryptography;
using LguestPS.Exports;

namespace LguestPS.Fleets;

/// <summary>Hashes events as the JSON lines they make, in which nothing depends on the host.</summary>
internal sealed class EventDigest : IDisposable
{
    private readonly SHA256 hash = SHA256.Create();
    private readonly CryptoStream lines;
    private readonly EventExporter exporter;

    public EventDigest()
    {
        lines = new CryptoStream(Stream.Null, hash, CryptoStreamMode.Write);
        exporter = EventExporter.Create(ExportFormat.JsonLines, lines);
    }

    public void Add(LguestEvent happened) => exporter.Write(happened);

    /// <summary>The hash of all that was added, in hexadecimal digits; nothing can be added after it.</summary>
    public string Finish()
    {
        exporter.Finish();
        lines.FlushFinalBlock();
        return Convert.ToHexStringLower(hash.Hash!);
    }

    public void Dispose()
    {
        lines.Dispose();
        hash.Dispose();
    }
}
