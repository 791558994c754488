using System.Collections.Concurrent;
using LguestPS.Fleets;

namespace LguestPS.Cmdlets;

/// <summary>The hashes of the files that cells need: each is read once in a run, whoever asks.</summary>
internal sealed class FleetFiles
{
    private readonly ConcurrentDictionary<string, Lazy<string>> hashes = new(StringComparer.Ordinal);

    /// <exception cref="LguestException">FileUnavailable.</exception>
    public string HashOf(string path) => hashes.GetOrAdd(path, named => new Lazy<string>(() => FileCache.HashOf(named))).Value;
}
