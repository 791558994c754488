using System.Diagnostics.CodeAnalysis;
using LguestPS.Errors;

namespace LguestPS.Devices.Virtio;

/// <summary>A device as guests of the virtio eras know it (virtio 1.0, 5), however they reach its virtqueues.</summary>
internal abstract class VirtioDevice(DeviceFunction function)
{
    private IDeviceHost? host;
    private DeviceQueue[] queues = [];
    private Func<uint>? accepted;

    public DeviceFunction Function { get; } = function;

    /// <summary>1 network card, 2 disk, 3 console, 4 random numbers.</summary>
    public abstract byte Type { get; }

    /// <summary>How many virtqueues it has.</summary>
    public abstract int QueueCount { get; }

    /// <summary>The features it offers, the first 32.</summary>
    public virtual uint Features => 0;

    /// <summary>Its configuration, which the guest may read.</summary>
    public virtual byte[] Config => [];

    /// <summary>That of 2.6.24: fields of a type and data.</summary>
    public virtual IEnumerable<(byte Type, byte[] Data)> Fields => [];

    /// <summary>Its virtqueues, in order.</summary>
    public IReadOnlyList<DeviceQueue> Queues => queues;

    protected IDeviceHost Host => host ?? throw new InvalidOperationException("no guest has been attached to this device yet");

    /// <summary>The features that the guest has accepted, as it says now: of those offered.</summary>
    protected uint Accepted => accepted!();

    /// <summary>Told of the guest it belongs to; once.</summary>
    /// <param name="guest">The guest.</param>
    /// <param name="own">Its virtqueues.</param>
    /// <param name="features">What the guest has accepted of the features.</param>
    public void Attach(IDeviceHost guest, DeviceQueue[] own, Func<uint> features) => (host, queues, accepted) = (guest, own, features);

    /// <summary>Whether the device does something when the guest puts a buffer into this virtqueue; else it uses the buffer when it has something for it.</summary>
    public abstract bool IsServed(int queue);

    /// <summary>Does all that waits in a virtqueue which <see cref="IsServed"/>.</summary>
    /// <exception cref="GuestKilledException">A chain or what it holds is bad.</exception>
    public abstract void Serve(DeviceQueue queue);

    /// <summary>The guest has written to the configuration.</summary>
    /// <param name="offset">Where, in bytes.</param>
    /// <param name="value">What.</param>
    /// <param name="address">The same place as a guest-physical address.</param>
    /// <returns>Whether that may be written; if not, nothing was done.</returns>
    public virtual bool TryWriteConfig(uint offset, uint value, uint address) => false;

    /// <summary>The guest has reset the device, and its virtqueues are empty.</summary>
    public virtual void Reset()
    {
    }

    /// <summary>Hands what it has for the guest to the guest's buffers, at a place of the run where input may enter; without a free one it waits.</summary>
    /// <exception cref="GuestKilledException">A buffer is bad.</exception>
    public virtual void DeliverInput()
    {
    }

    /// <summary>The recorded guest was taken back and does something else from now on.</summary>
    public virtual void BeginNewFuture()
    {
    }

    [DoesNotReturn]
    protected void Refuse(DeviceQueue queue, string how) => throw new GuestKilledException($"{queue.Name}: {how}");
}
