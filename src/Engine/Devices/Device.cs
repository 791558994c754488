using LguestPS.Dma;
using LguestPS.State;

namespace LguestPS.Devices;

/// <summary>A device of the launcher, as the guest finds it in the descriptor page (ABI §8).</summary>
internal abstract class Device : IDisposable
{
    /// <summary>The name in events and messages: console, block0, …</summary>
    public abstract string Name { get; }

    /// <summary>1 console, 2 net, 3 block.</summary>
    public abstract ushort Type { get; }

    public virtual ushort Features => 0;

    /// <summary>Pages of guest memory the device shares with its driver.</summary>
    public virtual int Pages => 0;

    /// <summary>Guest-physical address of the first of those pages; 0 without pages.</summary>
    public uint PageAddress { get; private set; }

    /// <summary>Its index in the descriptor page.</summary>
    public int Index => Irq - 1;

    /// <summary>The virtual interrupt: its index in the descriptor page + 1.</summary>
    public int Irq { get; private set; }

    /// <summary>The key its driver sends to.</summary>
    public virtual uint Key => PageAddress;

    /// <summary>The key to which its driver binds the buffers for what the device has for it.</summary>
    public virtual uint InputKey => Key;

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

    public void Attach(int index, uint pageAddress)
    {
        Irq = index + 1;
        PageAddress = pageAddress;
    }

    /// <summary>Whether a key lies in the device's page.</summary>
    public bool HasKey(uint key) => key >= PageAddress && key - PageAddress < (uint)Pages * Memory.GuestMemory.PageSize;

    /// <summary>Fills in what the guest reads from the device's page before it drives the device.</summary>
    public virtual void PreparePage(Memory.GuestMemory memory)
    {
    }

    /// <summary>Serves what the guest sent to the launcher.</summary>
    public virtual DmaOutcome Serve(Guest guest, DmaList sent) => default;

    /// <summary>Told when the guest has bound buffers, or unbound them.</summary>
    public virtual void BindingsChanged(Guest guest)
    {
    }

    /// <summary>Hands what the device has for the guest to the buffers the guest bound, at a point of the run where input may enter; without a free one, it waits.</summary>
    /// <exception cref="Errors.GuestKilledException">A buffer is bad.</exception>
    public virtual void DeliverInput(Guest guest) => TryFill(guest);

    /// <summary>Fills the first free buffer of the guest, if there is one and something for it.</summary>
    /// <exception cref="Errors.GuestKilledException">The buffer is bad.</exception>
    protected bool TryFill(Guest guest)
    {
        byte[]? recorded = guest.Recording?.InputAgain(Index, HasInput && IsTyped);
        if (recorded is null && (!HasInput || guest.IsInPast) || guest.Bindings.Find(InputKey) is not { } binding) return false;
        if (FindBuffer(guest, binding, isNew: recorded is null) is not { } buffer || buffer.Length == 0) return false;
        uint used = recorded is null ? Fill(guest, buffer) : (uint)buffer.WriteAll(recorded);
        if (used == 0) return false;
        if (recorded is null) guest.Recording?.NoteInput(Index, buffer.ReadFirst(used));
        buffer.UsedLength = used;
        guest.Interrupts.Raise(binding.Irq);
        guest.Events.Received(InputKey, Name, buffer, used);
        return true;
    }

    /// <remarks>A bad buffer is recorded as input of no length: the guest would not have died of it had nothing come in here.</remarks>
    private DmaList? FindBuffer(Guest guest, DmaBinding binding, bool isNew)
    {
        try
        {
            return guest.Bindings.FindFree(binding, guest.Abi.Dma!);
        }
        catch (Errors.GuestKilledException) when (isNew)
        {
            guest.Recording?.NoteInput(Index, []);
            throw;
        }
    }

    /// <summary>Fills a free buffer of the guest.</summary>
    /// <returns>Bytes written; 0 if there was nothing that fits.</returns>
    public virtual uint Fill(Guest guest, DmaList buffer) => 0;

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

    /// <summary>Why a guest with this device cannot be taken back to an earlier moment, in words that follow its name; null if it can.</summary>
    public virtual string? CheckpointObstacle => null;

    /// <summary>Why a guest with this device cannot be what one of its checkpoints is any more, in words that follow its name; null if it can.</summary>
    public virtual string? RestoreObstacle => null;

    /// <summary>Likewise why its run cannot be recorded: a recording keeps what came in, so that whoever sent it need not go back.</summary>
    public virtual string? RecordingObstacle => CheckpointObstacle;

    /// <summary>The recorded guest was taken back and does something else from now on: what the device knows of the old future is void.</summary>
    public virtual void BeginNewFuture(Guest guest)
    {
    }

    /// <summary>The guest was made what a checkpoint of it was, on request: goes on from what <see cref="Load"/> read.</summary>
    /// <exception cref="InvalidStateException">Nothing can go on from there.</exception>
    public virtual void Resume(Guest guest)
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

/// <summary>What a device did with a DMA.</summary>
/// <param name="UsedLength">What to write to the used_len of what was sent.</param>
/// <param name="Reply">The buffer of the guest that received data in return, if any.</param>
/// <param name="ReplyLength">Bytes in that buffer.</param>
internal readonly record struct DmaOutcome(uint UsedLength, DmaList? Reply = null, uint ReplyLength = 0);
