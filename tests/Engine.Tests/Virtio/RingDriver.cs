using LguestPS.Devices.Virtio;

namespace LguestPS.Tests.Virtio;

/// <summary>The guest's side of a virtqueue, which may also do what no driver does.</summary>
internal sealed class RingDriver(VirtioRig rig, VirtqueuePlace place)
{
    public const ushort Next = 1, Writable = 2, Indirect = 4;

    private ushort nextDescriptor;

    public VirtqueuePlace Place => place;

    public ushort Available
    {
        get => rig.Memory.Read16(place.Available + 2);
        set => rig.Memory.Write16(place.Available + 2, value);
    }

    /// <summary>How many were given back.</summary>
    public ushort Used => rig.Memory.Read16(place.Used + 2);

    public ushort UsedFlags => rig.Memory.Read16(place.Used);

    public bool WantsNoInterrupt
    {
        set => rig.Memory.Write16(place.Available, value ? (ushort)1 : (ushort)0);
    }

    public void SetDescriptor(int index, ulong address, uint length, ushort flags = 0, ushort next = 0) =>
        SetDescriptor(place.Descriptors, index, address, length, flags, next);

    public void SetDescriptor(uint table, int index, ulong address, uint length, ushort flags = 0, ushort next = 0)
    {
        uint at = table + (uint)index * 16;
        rig.Memory.Write32(at, (uint)address);
        rig.Memory.Write32(at + 4, (uint)(address >> 32));
        rig.Memory.Write32(at + 8, length);
        rig.Memory.Write16(at + 12, flags);
        rig.Memory.Write16(at + 14, next);
    }

    /// <summary>Puts a chain into the available ring.</summary>
    public void Offer(ushort head)
    {
        rig.Memory.Write16(place.Available + 4 + (uint)(Available % place.Size) * 2, head);
        Available++;
    }

    /// <summary>Makes a chain of the next descriptors and offers it.</summary>
    /// <returns>Its head.</returns>
    public ushort Add(params (uint Address, int Length, bool IsWritable)[] pieces)
    {
        ushort head = (ushort)(nextDescriptor % place.Size);
        for (int i = 0; i < pieces.Length; i++)
        {
            ushort own = (ushort)(nextDescriptor++ % place.Size);
            ushort flags = (ushort)((pieces[i].IsWritable ? Writable : 0) | (i + 1 < pieces.Length ? Next : 0));
            SetDescriptor(own, pieces[i].Address, (uint)pieces[i].Length, flags, (ushort)(nextDescriptor % place.Size));
        }
        Offer(head);
        return head;
    }

    /// <summary>An element of the used ring.</summary>
    public (uint Head, uint Length) UsedElement(int index)
    {
        uint at = place.Used + 4 + (uint)(index % place.Size) * 8;
        return (rig.Memory.Read32(at), rig.Memory.Read32(at + 4));
    }
}
