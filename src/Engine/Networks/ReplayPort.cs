using System.Diagnostics.CodeAnalysis;

namespace LguestPS.Networks;

/// <summary>A wire from which the guest hears what was recorded, when it was recorded; what it sends itself is not heard.</summary>
internal sealed class ReplayPort(MacAddress hostMac, IReadOnlyList<RecordedFrame> frames) : NetworkPort
{
    private int next;
    private long now;

    public override MacAddress HostMac => hostMac;

    public override bool IsLive => false;

    public override bool AwaitsAnswer => false;

    public override string CheckpointObstacle => "gets frames from a file, which would not go back with the guest";

    public override bool HasFrame => NextDue <= now;

    public override long? NextDue => next < frames.Count ? frames[next].Time : null;

    public override bool TrySend(ReadOnlySpan<byte> frame) => true;

    public override void Advance(long now) => this.now = now;

    public override NetworkPort StartAnew(long now)
    {
        this.now = now;
        for (next = 0; next < frames.Count && frames[next].Time <= now; next++)
        {
        }
        return this;
    }

    public override bool TryTake([NotNullWhen(true)] out byte[]? frame)
    {
        frame = HasFrame ? frames[next++].Bytes : null;
        return frame is not null;
    }
}
