using LguestPS.State;

namespace LguestPS.Networks;

/// <summary>The host's end of a guest's wire: takes the frames the guest sends, and holds those for the guest until it has a buffer for them.</summary>
/// <remarks>
/// The guest's own thread calls everything here but <see cref="Deliver"/>, which any thread may call. Frames are Ethernet frames
/// without their checksum, from 14 to <see cref="LongestFrame"/> bytes.
/// </remarks>
internal abstract class NetworkPort : IDisposable
{
    /// <summary>Bytes of the longest frame: an Ethernet header and 1500 bytes.</summary>
    public const int LongestFrame = 1514;

    /// <summary>Bytes of an Ethernet header, and so of the shortest frame.</summary>
    public const int ShortestFrame = 14;

    /// <summary>The most frames that may wait for the guest.</summary>
    public const int MostWaiting = 256;

    private readonly Lock gate = new();
    private readonly Queue<byte[]> waiting = new();
    private volatile int waitingCount;
    private long dropped;

    /// <summary>What is against checkpoints of a guest with a live network.</summary>
    public const string ConnectedToOthers = "is connected to others, who would not go back with the guest";

    /// <summary>Called, on any thread, when there is something new for the guest.</summary>
    public Action? Arrived { get; set; }

    /// <summary>Frames for the guest that were lost because too many waited already.</summary>
    public long Dropped => Interlocked.Read(ref dropped);

    /// <summary>True if something outside this guest may send it a frame, so that a guest that has nothing else to do waits for it.</summary>
    public abstract bool IsLive { get; }

    /// <summary>True while an answer from outside is under way: then a guest's simulated time must not run ahead of the host's.</summary>
    public abstract bool AwaitsAnswer { get; }

    /// <summary>Why a guest at this wire cannot have checkpoints, in words that follow its card's name; null if it can.</summary>
    public virtual string? CheckpointObstacle => ConnectedToOthers;

    /// <summary>The ports of the host that lead to the guest.</summary>
    public virtual PortForward[] Forwards => [];

    /// <summary>The host's Ethernet address on this wire.</summary>
    public abstract MacAddress HostMac { get; }

    /// <summary>True while a frame waits for the guest.</summary>
    public virtual bool HasFrame => waitingCount != 0;

    /// <summary>When <see cref="Advance"/> will have something to do even if nothing arrives: guest time in nanoseconds, or null.</summary>
    public virtual long? NextDue => null;

    /// <summary>How many more frames may wait.</summary>
    protected int Room => MostWaiting - waitingCount;

    /// <summary>Bytes of the longest frame it takes from the guest: of an Ethernet frame, or more if a TCP segment need not be cut for it.</summary>
    public virtual int LongestSent => LongestFrame;

    /// <summary>Takes a frame from the guest.</summary>
    /// <returns>False if it is lost: a wire promises nothing.</returns>
    public abstract bool TrySend(ReadOnlySpan<byte> frame);

    /// <summary>Does what is to be done by now.</summary>
    /// <param name="now">Guest time in nanoseconds; never less than before.</param>
    public virtual void Advance(long now)
    {
    }

    /// <summary>Takes the frame that has waited longest.</summary>
    public virtual bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out byte[]? frame)
    {
        lock (gate)
        {
            bool any = waiting.TryDequeue(out frame);
            waitingCount = waiting.Count;
            return any;
        }
    }

    /// <summary>The guest was taken back and does something else from now on: gives it a wire that knows nothing of what would have been.</summary>
    /// <param name="now">Guest time in nanoseconds, which may be less than before.</param>
    /// <returns>This one, or another in its place; this one is disposed then.</returns>
    /// <exception cref="LguestException">NotSupported: there are no more of them; this one is disposed.</exception>
    public abstract NetworkPort StartAnew(long now);

    /// <summary>Writes what <see cref="Resume"/> needs to know of what has been, if it can.</summary>
    public virtual void Save(StateWriter state)
    {
    }

    /// <summary>The guest was made again what it was when this was saved, by a wire of the same kind: gives it one that is as near to the one of then as can be.</summary>
    /// <param name="state">What was saved.</param>
    /// <param name="now">Guest time in nanoseconds, which may be less than before.</param>
    /// <returns>As for <see cref="StartAnew"/>.</returns>
    /// <exception cref="LguestException">As for <see cref="StartAnew"/>.</exception>
    /// <exception cref="InvalidStateException">No such wire can have saved this.</exception>
    public virtual NetworkPort Resume(StateReader state, long now) => StartAnew(now);

    public virtual void Dispose()
    {
    }

    /// <summary>Puts a frame in line for the guest, or drops it and counts it if too many wait.</summary>
    protected bool Deliver(byte[] frame)
    {
        lock (gate)
        {
            if (waiting.Count < MostWaiting)
            {
                waiting.Enqueue(frame);
                waitingCount = waiting.Count;
            }
            else
            {
                Interlocked.Increment(ref dropped);
                return false;
            }
        }
        Arrived?.Invoke();
        return true;
    }
}
