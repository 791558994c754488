using System.Text.Json;

namespace LguestPS.Cmdlets;

/// <summary>What a machine says of itself before it gets its first cell.</summary>
internal sealed record FleetHello(string HostName, int ProcessId, int Processors, string CacheFolder)
{
    public string Write() => JsonSerializer.Serialize(this);

    public static FleetHello Read(string text) => JsonSerializer.Deserialize<FleetHello>(text)!;
}
