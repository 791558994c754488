using LguestPS.Errors;
using LguestPS.State;

namespace LguestPS.Devices.Virtio;

/// <summary>A virtqueue of a device: what is taken and given back becomes events, and the guest is told by an interrupt.</summary>
/// <param name="device">The device's name.</param>
/// <param name="index">Which of its virtqueues, from 0.</param>
/// <param name="irq">The queue's virtual interrupt, 1 to 31; several may have the same.</param>
/// <param name="kicked">The guest-physical address that a kick of the queue names.</param>
/// <param name="features">The features that the guest has accepted.</param>
internal sealed class DeviceQueue(string device, int index, int irq, uint kicked, Func<uint> features) : IBufferQueue
{
    /// <summary>The most bytes of one buffer: 32 times what Linux asks of a disk at once.</summary>
    public const uint LongestBuffer = 16 << 20;

    /// <summary>So many bytes of buffers make a turn of serving long enough; what is left waits for the next.</summary>
    private const uint EnoughForOneTurn = 1 << 20;

    private Virtqueue? ring;
    private bool hasNews;
    private uint inThisTurn;

    /// <summary>The guest that the queue belongs to.</summary>
    public required IDeviceHost Host { private get; init; }

    /// <summary>What happens before the interrupt.</summary>
    public Action? BeforeInterrupt { private get; init; }

    /// <summary>Whose it is, for messages.</summary>
    public string Name => $"{device}, virtqueue {index}";

    public int Index => index;

    /// <summary>A kick of it by its own address, made once.</summary>
    public PendingKick Kick { get; private set; } = new(KickPurpose.Queue, kicked, device, index);

    public int Irq => irq;

    /// <summary>Where the buffers are; only if <see cref="IsLive"/>.</summary>
    public Virtqueue Ring => ring ?? throw new InvalidOperationException("the guest has not said where this virtqueue is");

    /// <summary>Whether it is known where the buffers are.</summary>
    public bool IsLive => ring is not null;

    /// <summary>Whether no buffer waits.</summary>
    public bool IsEmpty => ring is null || ring.IsEmpty;

    /// <summary>From here on this is where the buffers are; with null there are none.</summary>
    public void Use(Virtqueue? place)
    {
        ring = place;
        hasNews = IsPartlyServed = false;
    }

    /// <summary>From here on a kick of it names this address.</summary>
    public void IsKickedAt(uint address) => Kick = Kick with { Address = address };

    public IGuestBuffer? Next() => Peek();

    /// <inheritdoc cref="Virtqueue.Peek"/>
    public DescriptorChain? Peek()
    {
        DescriptorChain? chain = ring?.Peek();
        if (chain is not null && (ulong)chain.ReadableLength + chain.WritableLength > LongestBuffer)
            throw new GuestKilledException($"{Name}: a buffer has {(ulong)chain.ReadableLength + chain.WritableLength} bytes; {LongestBuffer} is the most");
        return chain;
    }

    /// <summary>True from when a turn of serving it was over with chains left until one without.</summary>
    public bool IsPartlyServed { get; private set; }

    /// <summary>Begins a turn of serving what the guest has put into the queue.</summary>
    public void BeginTurn() => inThisTurn = 0;

    /// <summary>Ends it, and tells the guest.</summary>
    public void EndTurn()
    {
        IsPartlyServed = inThisTurn >= EnoughForOneTurn && !IsEmpty;
        Interrupt();
    }

    /// <summary>Takes the next chain; null if there is none, or none more in this turn.</summary>
    /// <exception cref="GuestKilledException">It breaks a rule.</exception>
    public DescriptorChain? Take()
    {
        if (inThisTurn >= EnoughForOneTurn || Peek() is not { } chain) return null;
        inThisTurn += chain.ReadableLength + chain.WritableLength;
        TakePeeked(chain);
        return chain;
    }

    /// <summary>Gives back a chain that was taken.</summary>
    /// <param name="chain">It.</param>
    /// <param name="written">Bytes that are new in it.</param>
    public void Return(DescriptorChain chain, uint written)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(written, chain.WritableLength);
        Ring.Return(chain.Head, written);
        hasNews = true;
        Host.Events.BufferReturned(device, index, chain.Head, written, Host.Events.WantsVirtqueue(device, index) ? chain.Describe(written) : null);
    }

    /// <summary>Tells the guest of what was given back since it was told last, unless it wants to hear nothing.</summary>
    public void Interrupt()
    {
        if (!hasNews) return;
        hasNews = false;
        bool tellsOfEnd = (features() & Abi.RingFeature.NotifyOnEmpty) != 0 && IsEmpty;
        if (!tellsOfEnd && Ring.IsInterruptUnwanted) return;
        BeforeInterrupt?.Invoke();
        Host.Raise(irq);
    }

    public void Complete(IGuestBuffer buffer, uint written)
    {
        DescriptorChain chain = (DescriptorChain)buffer;
        TakePeeked(chain);
        Return(chain, written);
        Interrupt();
    }

    public void Reset()
    {
        Ring.Reset();
        hasNews = IsPartlyServed = false;
    }

    public void Save(StateWriter state)
    {
        Ring.Save(state);
        state.Write(hasNews);
        state.Write(IsPartlyServed);
    }

    /// <exception cref="InvalidStateException">No virtqueue can be in this state.</exception>
    public void Load(StateReader state)
    {
        Ring.Load(state);
        hasNews = state.ReadBool();
        IsPartlyServed = state.ReadBool();
    }

    private void TakePeeked(DescriptorChain chain)
    {
        Ring.Take();
        Host.Events.ChainTaken(device, index, chain.Head, Host.Events.WantsVirtqueue(device, index) ? chain.Describe(written: null) : null);
    }
}
