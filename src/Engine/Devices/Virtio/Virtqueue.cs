using System.Buffers.Binary;
using LguestPS.Errors;
using LguestPS.Memory;
using LguestPS.State;

namespace LguestPS.Devices.Virtio;

/// <summary>A split virtqueue as the device sees it (virtio 1.0, 2.4): it takes chains of descriptors from the available ring and gives them back in the used ring.</summary>
/// <remarks>
/// Where it lies was checked and is final; all that stands there is the guest's and is believed only as far as it is checked. Of what the
/// guest may write, each word is read once for each use, and the indices that we write are counted here and never read back.
/// </remarks>
internal sealed class Virtqueue
{
    private const ushort Next = 1;
    private const ushort DeviceWrites = 2;
    private const ushort IndirectTable = 4;
    private const ushort NoInterrupt = 1;
    private const ushort NoNotify = 1;

    // In both rings.
    private const uint Flags = 0;
    private const uint Index = 2;
    private const uint Elements = 4;

    private readonly GuestMemory memory;
    private readonly string who;
    private readonly bool allowsIndirect;
    private readonly DescriptorChain chain;
    private ushort taken, returned;

    /// <param name="memory">The guest's memory.</param>
    /// <param name="place">Where the queue lies in it.</param>
    /// <param name="who">Whose queue it is, for messages: <c>block0, virtqueue 0</c>.</param>
    /// <param name="allowsIndirect">Whether a descriptor may stand for a table of others.</param>
    /// <exception cref="GuestKilledException">It cannot lie there.</exception>
    public Virtqueue(GuestMemory memory, VirtqueuePlace place, string who, bool allowsIndirect = true)
    {
        place.Check(memory, who);
        this.memory = memory;
        this.who = who;
        this.allowsIndirect = allowsIndirect;
        Place = place;
        chain = new DescriptorChain(memory, place.Size);
    }

    public VirtqueuePlace Place { get; }

    public ushort Size => Place.Size;

    /// <summary>How many chains were taken since the last reset, modulo 2¹⁶.</summary>
    public ushort Taken => taken;

    /// <summary>How many were given back: what the used ring's index is.</summary>
    public ushort Returned => returned;

    /// <summary>Chains that were taken and not given back.</summary>
    public int InFlight => (ushort)(taken - returned);

    /// <summary>The available ring's index, as the guest has it.</summary>
    public ushort Available => memory.Read16(Place.Available + Index);

    /// <summary>Whether there is no chain to take.</summary>
    public bool IsEmpty => Available == taken;

    /// <summary>The used ring's flags, as they are in memory.</summary>
    public ushort UsedFlags => memory.Read16(Place.Used + Flags);

    /// <summary>Whether the guest wants no interrupt when a buffer is given back.</summary>
    public bool IsInterruptUnwanted => (memory.Read16(Place.Available + Flags) & NoInterrupt) != 0;

    /// <summary>The next chain, or null if there is none. It is good until this is asked again.</summary>
    /// <exception cref="GuestKilledException">It breaks a rule.</exception>
    public DescriptorChain? Peek()
    {
        ushort available = Available;
        int waiting = (ushort)(available - taken);
        if (waiting == 0) return null;
        if (waiting > Size) throw Bad($"its available index went from {taken} to {available}, and it has {Size} descriptors");
        if (InFlight == Size) throw Bad($"more than its {Size} buffers are in flight");
        Parse(HeadAt(taken), chain);
        return chain;
    }

    /// <summary>The descriptor that the available ring names at a position, whatever it is good for.</summary>
    /// <param name="position">Of the ring's index, modulo 2¹⁶.</param>
    public ushort HeadAt(ushort position) => memory.Read16(Place.Available + Elements + (uint)(position % Size) * sizeof(ushort));

    /// <summary>Looks at a chain, and changes nothing.</summary>
    /// <exception cref="GuestKilledException">It breaks a rule.</exception>
    public DescriptorChain Look(ushort head)
    {
        DescriptorChain seen = new(memory, Size);
        Parse(head, seen);
        return seen;
    }

    /// <summary>Takes the chain that <see cref="Peek"/> gave.</summary>
    public void Take() => taken++;

    /// <summary>Gives a chain back: its element first, then the index that makes it count.</summary>
    /// <param name="head">The descriptor it begins with.</param>
    /// <param name="written">Bytes that are new in it, at most as many as there were to write.</param>
    public void Return(ushort head, uint written)
    {
        Span<byte> element = memory.Write(Place.Used + Elements + (uint)(returned % Size) * VirtqueuePlace.UsedElementSize, VirtqueuePlace.UsedElementSize);
        BinaryPrimitives.WriteUInt32LittleEndian(element, head);
        BinaryPrimitives.WriteUInt32LittleEndian(element[sizeof(uint)..], written);
        Thread.MemoryBarrier();
        memory.Write16(Place.Used + Index, ++returned);
    }

    /// <summary>Tells the guest of a virtqueue that it need not kick: what it puts there is looked at anyway when there is use for it.</summary>
    public static void SuppressKicks(GuestMemory memory, VirtqueuePlace place) => memory.Write16(place.Used + Flags, NoNotify);

    /// <summary>Makes it what it was in the beginning, all zero.</summary>
    public void Reset()
    {
        taken = returned = 0;
        memory.Write(Place.Descriptors, Place.DescriptorBytes).Clear();
        memory.Write(Place.Available, Place.AvailableBytes).Clear();
        memory.Write(Place.Used, Place.UsedBytes).Clear();
    }

    public void Save(StateWriter state)
    {
        state.Write(taken);
        state.Write(returned);
    }

    /// <exception cref="InvalidStateException">Buffers are in flight that no device has.</exception>
    public void Load(StateReader state)
    {
        taken = state.ReadUInt16();
        returned = state.ReadUInt16();
        if (InFlight > Size) throw new InvalidStateException($"{who}: {InFlight} of {Size} buffers are in flight");
        if (InFlight != 0) throw new InvalidStateException($"{who}: {InFlight} buffers are in flight, and no device has them");
    }

    /// <summary>Walks a chain, reading each descriptor once.</summary>
    private void Parse(ushort head, DescriptorChain into)
    {
        if (head >= Size) throw Bad($"its available ring names descriptor {head} of {Size}");
        into.Begin(head);
        uint table = Place.Descriptors;
        int entries = Size, visited = 0;
        bool isIndirect = false;
        for (int at = head; ;)
        {
            ReadOnlySpan<byte> descriptor = memory.Read(table + (uint)at * VirtqueuePlace.DescriptorSize, VirtqueuePlace.DescriptorSize);
            ulong address = BinaryPrimitives.ReadUInt64LittleEndian(descriptor);
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(descriptor[8..]);
            ushort flags = BinaryPrimitives.ReadUInt16LittleEndian(descriptor[12..]);
            ushort next = BinaryPrimitives.ReadUInt16LittleEndian(descriptor[14..]);
            if (++visited > Size) throw Bad($"the chain of descriptor {head} is longer than {Size}, or goes round in a loop");
            if (address > uint.MaxValue || !memory.Contains((uint)address, length)) throw Bad($"descriptor {at} names {length} bytes at 0x{address:x}, which are not inside memory");

            if ((flags & IndirectTable) != 0)
            {
                if (!allowsIndirect) throw Bad($"descriptor {at} is indirect, and the driver has not accepted that feature");
                if (isIndirect) throw Bad($"descriptor {at} of an indirect table is indirect itself");
                if ((flags & Next) != 0) throw Bad($"descriptor {at} is indirect and goes on");
                if (length == 0 || length % VirtqueuePlace.DescriptorSize != 0) throw Bad($"the indirect table of descriptor {at} has {length} bytes");
                if (length / VirtqueuePlace.DescriptorSize > Size) throw Bad($"the indirect table of descriptor {at} has {length / VirtqueuePlace.DescriptorSize} descriptors, more than the {Size} of the virtqueue");
                (isIndirect, table, entries, at) = (true, (uint)address, (int)(length / VirtqueuePlace.DescriptorSize), 0);
                visited--;      // it holds no bytes itself
                continue;
            }

            bool isWritable = (flags & DeviceWrites) != 0;
            if (!isWritable && into.HasWritable) throw Bad($"descriptor {at} is to be read and comes after one to be written");
            into.Add(new GuestRange((uint)address, length), isWritable);
            if (!into.IsCountable) throw Bad($"the chain of descriptor {head} has 4 GiB or more");
            if ((flags & Next) == 0) return;
            if (next >= entries) throw Bad($"descriptor {at} goes on at {next} of {entries}");
            at = next;
        }
    }

    private GuestKilledException Bad(string how) => new($"{who}: {how}");
}
