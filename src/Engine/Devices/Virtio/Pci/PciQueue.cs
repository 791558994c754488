using LguestPS.Errors;
using LguestPS.Memory;
using LguestPS.State;

namespace LguestPS.Devices.Virtio.Pci;

/// <summary>A virtqueue as the registers of its device have it: the guest chooses its size and place, and then enables it.</summary>
/// <param name="queue">The virtqueue.</param>
/// <param name="memory">The guest's memory.</param>
/// <param name="most">The most descriptors that it may have.</param>
internal sealed class PciQueue(DeviceQueue queue, GuestMemory memory, ushort most)
{
    private static readonly string[] Parts = ["queue_desc", "queue_avail", "queue_used"];

    // Each a low and a high half.
    private readonly uint[] addresses = new uint[6];

    // 0 for the most.
    private ushort chosen;

    public string Name => queue.Name;

    public DeviceQueue Queue => queue;

    public ushort Size => chosen == 0 ? most : chosen;

    public bool IsEnabled => queue.IsLive;

    /// <exception cref="GuestKilledException">It cannot have that many descriptors.</exception>
    public void Resize(ushort size)
    {
        if (!System.Numerics.BitOperations.IsPow2(size)) throw Bad($"queue_size {size} is no power of two");
        if (size > most) throw Bad($"queue_size {size} is more than the {most} that it may have");
        chosen = size;
    }

    /// <summary>A half of an address, counted from <see cref="PciRegister.QueueDesc"/>.</summary>
    public ref uint Address(int half) => ref addresses[half];

    /// <summary>Begins to use the virtqueue where the guest has put it.</summary>
    /// <param name="allowsIndirect">Whether the guest has accepted indirect descriptors.</param>
    /// <param name="isServed">Whether the device does something when the guest puts a buffer there.</param>
    /// <exception cref="GuestKilledException">It cannot lie there.</exception>
    public void Enable(bool allowsIndirect, bool isServed)
    {
        Virtqueue ring = Open(allowsIndirect);
        if (ring.UsedFlags != 0) throw Bad($"the flags of the used ring at 0x{ring.Place.Used:x8} are 0x{ring.UsedFlags:x} when it is enabled, and not 0");
        if (!isServed) Virtqueue.SuppressKicks(memory, ring.Place);
        queue.Use(ring);
    }

    public void Reset()
    {
        chosen = 0;
        Array.Clear(addresses);
        queue.Use(null);
    }

    public void Save(StateWriter state)
    {
        state.Write(Size);
        state.WriteRaw<uint>(addresses);
        state.Write(IsEnabled);
        if (IsEnabled) queue.Save(state);
    }

    /// <param name="state">Where it is.</param>
    /// <param name="mayBeEnabled">Whether the guest has come so far with the device.</param>
    /// <param name="allowsIndirect">Whether it has accepted indirect descriptors.</param>
    /// <exception cref="InvalidStateException">No virtqueue can be in this state.</exception>
    public void Load(StateReader state, bool mayBeEnabled, bool allowsIndirect)
    {
        Reset();
        ushort size = state.ReadUInt16();
        state.ReadRaw<uint>(addresses);
        bool isEnabled = state.ReadBool();
        if (isEnabled && !mayBeEnabled) throw new InvalidStateException($"{Name} is enabled before the features are final");
        try
        {
            Resize(size);
            if (isEnabled) queue.Use(Open(allowsIndirect));
        }
        catch (GuestKilledException bad)
        {
            throw new InvalidStateException(bad.Message);
        }
        if (isEnabled) queue.Load(state);
    }

    private Virtqueue Open(bool allowsIndirect)
    {
        for (int part = 0; part < Parts.Length; part++)
            if (addresses[2 * part + 1] != 0) throw Bad($"{Parts[part]} is 0x{addresses[2 * part + 1]:x8}{addresses[2 * part]:x8}, beyond 4 GiB");
        return new Virtqueue(memory, new VirtqueuePlace(Size, addresses[0], addresses[2], addresses[4]), Name, allowsIndirect);
    }

    private GuestKilledException Bad(string how) => new($"{Name}: {how}");
}
