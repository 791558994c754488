using LguestPS.Memory;

namespace LguestPS.Devices.Dma;

/// <summary>A device as the guests of the DMA eras find it in the descriptor page (ABI §8).</summary>
internal abstract class DmaDevice(DeviceFunction function)
{
    private DmaInputQueue? input;

    public DeviceFunction Function { get; } = function;

    /// <summary>1 console, 2 net, 3 block.</summary>
    public abstract ushort Type { get; }

    public virtual ushort Features => 0;

    /// <summary>Pages of guest memory the device shares with its driver.</summary>
    public virtual int Pages => 0;

    /// <summary>Guest-physical address of the first of those pages; 0 without pages.</summary>
    public uint PageAddress { get; private set; }

    /// <summary>The virtual interrupt: its index in the descriptor page + 1.</summary>
    public int Irq => Function.Index + 1;

    /// <summary>The key its driver sends to.</summary>
    public virtual uint Key => PageAddress;

    /// <summary>The key to which its driver binds the buffers for what the device has for it.</summary>
    public virtual uint InputKey => Key;

    /// <summary>Whether a key lies in the device's page.</summary>
    public bool HasKey(uint key) => key >= PageAddress && key - PageAddress < (uint)Pages * GuestMemory.PageSize;

    /// <summary>Gives the device its pages and fills in what the guest reads there before it drives the device.</summary>
    public void Attach(GuestMemory memory, uint pageAddress)
    {
        PageAddress = Pages == 0 ? 0 : pageAddress;
        PreparePage(memory);
    }

    /// <summary>Serves what the guest sent to the launcher.</summary>
    public virtual DmaOutcome Serve(DmaTransport transport, DmaList sent) => default;

    /// <summary>Told when the guest has bound buffers, or unbound them.</summary>
    public virtual void BindingsChanged(DmaTransport transport)
    {
    }

    public virtual void DeliverInput(DmaTransport transport) => Function.DeliverInput(transport.Host, input ??= new DmaInputQueue(transport, this));

    /// <summary>The guest has been reset: nothing is bound, and the device's pages are as they were.</summary>
    public virtual void Reset(DmaTransport transport)
    {
    }

    /// <summary>The recorded guest was taken back and does something else from now on.</summary>
    public virtual void BeginNewFuture(DmaTransport transport)
    {
    }

    protected virtual void PreparePage(GuestMemory memory)
    {
    }
}

/// <summary>What a device did with a DMA.</summary>
/// <param name="UsedLength">What to write to the used_len of what was sent.</param>
/// <param name="Reply">The buffer of the guest that received data in return, if any.</param>
/// <param name="ReplyLength">Bytes in that buffer.</param>
internal readonly record struct DmaOutcome(uint UsedLength, DmaList? Reply = null, uint ReplyLength = 0);
