namespace LguestPS.Networks;

/// <summary>A wire with nothing at its other end (any longer).</summary>
internal sealed class SilentPort(MacAddress hostMac) : NetworkPort
{
    public override MacAddress HostMac => hostMac;

    public override bool IsLive => false;

    public override bool AwaitsAnswer => false;

    public override string? CheckpointObstacle => null;

    public override bool TrySend(ReadOnlySpan<byte> frame) => false;

    public override NetworkPort StartAnew(long now) => this;
}
