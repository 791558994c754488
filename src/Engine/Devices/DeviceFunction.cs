using LguestPS.Errors;
using LguestPS.State;

namespace LguestPS.Devices;

/// <summary>What a device of the launcher is, whatever the era of its guest.</summary>
internal abstract class DeviceFunction : IDisposable
{
    /// <summary>The name in events and messages: console, block0, …</summary>
    public abstract string Name { get; }

    /// <summary>Its place in the order of the slots.</summary>
    public int Index { get; set; }

    /// <summary>True while the device has something for the guest.</summary>
    public virtual bool HasInput => false;

    /// <summary>True if its input is meant for the guest as it is now: coming in while a recorded guest is in its past, it begins another future. Else it waits until the guest is at its end again.</summary>
    public virtual bool IsTyped => false;

    /// <summary>True while something may still come in from outside, so that a halted guest has something to wait for.</summary>
    public virtual bool ExpectsInput => false;

    /// <summary>True while an answer from outside is under way: then a simulated clock lets idle time pass no faster than the host's.</summary>
    public virtual bool AwaitsAnswer => false;

    /// <summary>When the device will have something to do by itself: guest time in nanoseconds, or null.</summary>
    public virtual long? NextDue => null;

    /// <summary>What the device calls, from any thread, when it has something for the guest.</summary>
    /// <remarks>The guest is locked for a moment meanwhile, and while it disposes its devices: Dispose must not wait for a thread that may be in here.</remarks>
    public Action? WakeGuest { get; set; }

    /// <summary>Hands what the device has for the guest to the guest's buffers, at a point of the run where input may enter; without a free one, it waits.</summary>
    /// <exception cref="GuestKilledException">A buffer is bad.</exception>
    public virtual void DeliverInput(IDeviceHost host, IBufferQueue buffers) => TryFill(host, buffers);

    /// <summary>Fills the first free buffer of the guest, if there is one and something for it.</summary>
    /// <exception cref="GuestKilledException">The buffer is bad.</exception>
    protected bool TryFill(IDeviceHost host, IBufferQueue buffers)
    {
        byte[]? recorded = host.Tape?.InputAgain(Index, HasInput && IsTyped);
        if (recorded is null && (!HasInput || host.IsInPast)) return false;
        if (FindBuffer(host, buffers, isNew: recorded is null) is not { WritableLength: not 0 } buffer) return false;
        uint used = recorded is null ? Fill(host, buffer) : (uint)buffer.WriteAll(recorded);
        if (used == 0) return false;
        if (recorded is null) host.Tape?.NoteInput(Index, buffer.ReadWritten(used));
        buffers.Complete(buffer, used);
        return true;
    }

    /// <remarks>A bad buffer is recorded as input of no length: the guest would not have died of it had nothing come in here.</remarks>
    private IGuestBuffer? FindBuffer(IDeviceHost host, IBufferQueue buffers, bool isNew)
    {
        try
        {
            return buffers.Next();
        }
        catch (GuestKilledException) when (isNew)
        {
            host.Tape?.NoteInput(Index, []);
            throw;
        }
    }

    /// <summary>Fills a free buffer of the guest.</summary>
    /// <returns>Bytes written; 0 if there was nothing that fits.</returns>
    public virtual uint Fill(IDeviceHost host, IGuestBuffer buffer) => 0;

    /// <summary>Takes away what waits for the guest, as it waits.</summary>
    public virtual byte[] TakeWaiting() => [];

    /// <summary>Puts what <see cref="TakeWaiting"/> gave before anything else that waits.</summary>
    public virtual void PutBackWaiting(byte[] waiting)
    {
    }

    /// <summary>The guest has ended and will never run again.</summary>
    public virtual void Unplug()
    {
    }

    /// <summary>The guest had ended, and is booted again: takes back what <see cref="Unplug"/> did.</summary>
    public virtual void Replug(IDeviceHost host)
    {
    }

    /// <summary>Why that cannot be done, in words that follow its name; null if it can.</summary>
    public virtual string? RebootObstacle => null;

    /// <summary>Why a guest with this device cannot be taken back to an earlier moment, in words that follow its name; null if it can.</summary>
    public virtual string? CheckpointObstacle => null;

    /// <summary>Why a guest with this device can no longer be what one of its checkpoints is, in words that follow its name; null if it can.</summary>
    public virtual string? RestoreObstacle => null;

    /// <summary>Likewise why its run cannot be recorded: a recording keeps what came in, so that whoever sent it need not go back.</summary>
    public virtual string? RecordingObstacle => CheckpointObstacle;

    /// <summary>The recorded guest was taken back and does something else from now on: what the device knows of the old future is void.</summary>
    public virtual void BeginNewFuture(IDeviceHost host)
    {
    }

    /// <summary>The guest was made what a checkpoint of it was, on request: goes on from what <see cref="Load"/> read.</summary>
    /// <exception cref="InvalidStateException">Nothing can go on from there.</exception>
    public virtual void Resume(IDeviceHost host)
    {
    }

    public virtual void Save(StateWriter state)
    {
    }

    /// <exception cref="InvalidStateException">The device cannot be in this state.</exception>
    public virtual void Load(StateReader state)
    {
    }

    /// <summary>Lets go of files and connections.</summary>
    public virtual void Dispose()
    {
    }
}
