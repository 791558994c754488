using System.Diagnostics.CodeAnalysis;
using LguestPS.State;

namespace LguestPS.Networks;

/// <summary>A wire from which the guest hears what was recorded, when it was recorded; what it sends itself is not heard.</summary>
internal sealed class ReplayPort(MacAddress hostMac, IReadOnlyList<RecordedFrame> frames) : NetworkPort
{
    private readonly Lazy<ulong> contents = new(() => ContentsOf(frames));
    private int next;
    private long now;

    public override MacAddress HostMac => hostMac;

    public override bool IsLive => false;

    public override bool AwaitsAnswer => false;

    public override string? CheckpointObstacle => null;

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

    public override void Save(StateWriter state)
    {
        state.Write(contents.Value);
        state.Write(next);
    }

    public override NetworkPort Resume(StateReader state, long now)
    {
        if (state.ReadUInt64() != contents.Value) throw new LguestException(LguestError.CheckpointRefused, "the frames to replay have changed");
        next = state.ReadInt32(0, frames.Count, "the place in the frames to replay");
        this.now = now;
        return this;
    }

    public override bool TryTake([NotNullWhen(true)] out byte[]? frame)
    {
        frame = HasFrame ? frames[next++].Bytes : null;
        return frame is not null;
    }

    private static ulong ContentsOf(IReadOnlyList<RecordedFrame> frames)
    {
        StateWriter all = new();
        foreach (RecordedFrame frame in frames)
        {
            all.Write(frame.Time);
            all.Write(frame.Bytes.AsSpan());
        }
        return ContentHash.Of(all.ToArray());
    }
}
