using LguestPS.Abi;
using LguestPS.Memory;
using LguestPS.State;

namespace LguestPS.Devices;

/// <summary>How the guests of an era reach their devices: how these are described, where buffers come from, and what rings their bell.</summary>
/// <remarks>What a device is (<see cref="DeviceFunction"/>) has nothing to do with it. The era's profile names one of these, and nothing else asks for the era.</remarks>
internal interface IDeviceTransport
{
    /// <summary>Pages it needs above RAM.</summary>
    int Pages { get; }

    /// <summary>Bytes of the range above RAM and those pages in which devices may have memory of their own; 0 if they have none.</summary>
    uint DeviceBytes => 0;

    /// <summary>What its guests reach with instructions; null if that is nothing.</summary>
    IDeviceRegisters? Registers => null;

    /// <summary>The hypercalls by which its guests reach devices.</summary>
    IDeviceOperations Operations { get; }

    /// <summary>Puts the devices' description where the guest looks for it; once, before the guest exists.</summary>
    void Describe(GuestMemory memory);

    /// <summary>Told of the guest that the devices belong to; once.</summary>
    void Attach(IDeviceHost host);

    /// <summary>The launcher's turn: serves a transfer that was pending.</summary>
    /// <exception cref="Errors.GuestKilledException">It broke a rule.</exception>
    void Serve(PendingTransfer transfer);

    /// <summary>Looks at what <see cref="Serve"/> would do, and changes nothing.</summary>
    /// <returns>A sentence without its full stop, such as <c>serve the DMA at 0x00012000 to console, 3 bytes: "hi\n"</c>.</returns>
    string Preview(PendingTransfer transfer);

    /// <summary>Writes down a transfer that is pending, of the kind that this transport makes.</summary>
    void SavePending(StateWriter state, PendingTransfer transfer);

    /// <summary>Reads what <see cref="SavePending"/> has written.</summary>
    /// <exception cref="InvalidStateException">No guest could have asked for it.</exception>
    PendingTransfer LoadPending(StateReader state);

    /// <summary>Hands what devices have for the guest to its buffers, at a place of the run where input may enter; without a free one it waits.</summary>
    /// <exception cref="Errors.GuestKilledException">A buffer is bad.</exception>
    void DeliverInput();

    /// <summary>The guest has been reset, and its memory is as <see cref="Describe"/> left it: so are the devices as it reaches them.</summary>
    void Reset();

    /// <summary>The recorded guest was taken back and does something else from now on.</summary>
    void BeginNewFuture();

    void Save(StateWriter state);

    /// <exception cref="InvalidStateException">No guest can be in this state.</exception>
    void Load(StateReader state);
}
