using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using LguestPS.Errors;

namespace LguestPS.Memory;

/// <summary>A guest's physical memory: RAM, then the device pages (ABI §8), in one native block.</summary>
/// <remarks>Every access by the host goes through here and is checked; a guest's number can never reach outside.</remarks>
internal sealed unsafe class GuestMemory : IDisposable
{
    public const int PageSize = 4096;
    public const int PageShift = 12;

    /// <summary>The most RAM a guest can have: above it, below 4 GiB, there must be room for device memory.</summary>
    public const long MostRam = 3L << 30;

    /// <summary>First linear address that belongs to the host (the original's switcher pages).</summary>
    public const uint SwitcherBase = 0xFFC00000;

    /// <summary>Bytes before and after guest memory that nothing uses, so that a test can see an access that strayed.</summary>
    public const int Margin = PageSize;

    // Marks of a page; where there is none, a write concerns nothing.
    private const byte Watched = 1;
    private const byte Unchanged = 2;
    private const byte Observed = 4;

    private readonly HostBlock block;
    private readonly byte[] marks;

    // The pages that are not marked as unchanged, in the order in which that came about.
    private readonly uint[] changed;
    private int changedCount;
    private bool disposed;

    /// <param name="ramBytes">Size of RAM, a multiple of 4096.</param>
    /// <param name="devicePages">Pages above RAM: the descriptor page and the devices' own.</param>
    /// <param name="deviceBytes">Bytes of the range above those in which devices answer, a multiple of 4096. There is no memory in it.</param>
    /// <param name="basis">What memory holds at first, and shares with others until it is written; null for zeros.</param>
    /// <exception cref="IOException">The machine cannot give that much.</exception>
    /// <exception cref="OutOfMemoryException">Likewise.</exception>
    public GuestMemory(uint ramBytes, int devicePages, uint deviceBytes = 0, SharedMemory? basis = null)
    {
        RamSize = ramBytes;
        Size = ramBytes + (uint)devicePages * PageSize;
        DeviceLimit = FrameLimit + (deviceBytes >> PageShift);
        bool isShared = basis?.Image.Frames == FrameLimit;
        block = isShared ? new HostBlock(basis!.CreateView()) : new HostBlock((long)Size + 2 * Margin);
        Base = block.Address + Margin;
        marks = new byte[Size >> PageShift];
        Unsafe.InitBlock(ref marks[0], Unchanged, (uint)marks.Length);
        if (isShared) LastImage = basis!.Image;
        changed = new uint[marks.Length];
    }

    /// <summary>Host address of guest-physical address 0, page aligned.</summary>
    public byte* Base { get; }

    /// <summary>Bytes of RAM.</summary>
    public uint RamSize { get; }

    /// <summary>Bytes of RAM and device pages together: the first guest-physical address that does not exist.</summary>
    public uint Size { get; }

    /// <summary>The first page frame number that does not exist (the original's pfn_limit).</summary>
    public uint FrameLimit => Size >> PageShift;

    /// <summary>The first page frame number that is neither memory nor devices' (the original's device_limit); without device memory it is <see cref="FrameLimit"/>.</summary>
    public uint DeviceLimit { get; }

    /// <summary>Called with a page frame number when the host is about to write to a watched page.</summary>
    public Action<uint>? WatchedPageWritten { get; set; }

    public bool Contains(uint address, uint length) => length <= Size && address <= Size - length;

    /// <summary>Asks for <see cref="WatchedPageWritten"/> on the next host write to this page; a vCPU uses it for pages whose code it has translated.</summary>
    public void Watch(uint frame) => marks[frame] |= Watched;

    /// <summary>Called with address and length when the host is about to write to an observed page; a vCPU's own writes are not the host's.</summary>
    public Action<uint, uint>? HostWriting { get; set; }

    /// <summary>Asks for <see cref="HostWriting"/> on every host write to this page, or no longer.</summary>
    public void Observe(uint frame, bool on) => marks[frame] = (byte)(on ? marks[frame] | Observed : marks[frame] & (Observed ^ 0xFF));

    public void Unwatch(uint frame) => marks[frame] &= Watched ^ 0xFF;

    /// <summary>The last image taken of this memory or put back into it; null, for all zero, before the first.</summary>
    public MemoryImage? LastImage { get; private set; }

    /// <summary>Whether a page may differ from <see cref="LastImage"/>. While it may not, a vCPU must not write to it without <see cref="MarkChanged"/>.</summary>
    public bool HasChanged(uint frame) => (marks[frame] & Unchanged) == 0;

    /// <summary>A vCPU is about to write to this page, now and then without saying so again.</summary>
    public void MarkChanged(uint frame)
    {
        if ((marks[frame] & Unchanged) == 0) return;
        marks[frame] ^= Unchanged;
        changed[changedCount++] = frame;
    }

    /// <summary>The pages that may differ from <see cref="LastImage"/>; valid until one more is marked, or none has changed any more.</summary>
    public ReadOnlySpan<uint> ChangedPages => changed.AsSpan(0, changedCount);

    /// <summary>Memory is as the image has it.</summary>
    public void NothingChangedSince(MemoryImage image)
    {
        LastImage = image;
        foreach (uint frame in ChangedPages) marks[frame] |= Unchanged;
        changedCount = 0;
    }

    /// <exception cref="GuestMemoryException">The range is not wholly inside guest memory.</exception>
    public ReadOnlySpan<byte> Read(uint address, uint length)
    {
        Check("read", address, length);
        return new ReadOnlySpan<byte>(Base + address, (int)length);
    }

    public uint Read32(uint address)
    {
        Check("read", address, 4);
        return BinaryPrimitives.ReadUInt32LittleEndian(new ReadOnlySpan<byte>(Base + address, 4));
    }

    public ulong Read64(uint address)
    {
        Check("read", address, 8);
        return BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(Base + address, 8));
    }

    public ushort Read16(uint address)
    {
        Check("read", address, 2);
        return BinaryPrimitives.ReadUInt16LittleEndian(new ReadOnlySpan<byte>(Base + address, 2));
    }

    public byte Read8(uint address)
    {
        Check("read", address, 1);
        return Base[address];
    }

    /// <summary>The range as writable memory, for a device to fill.</summary>
    /// <exception cref="GuestMemoryException">The range is not wholly inside guest memory.</exception>
    public Span<byte> Write(uint address, uint length)
    {
        Check("write", address, length);
        NoteWrite(address, length);
        return new Span<byte>(Base + address, (int)length);
    }

    public void Write32(uint address, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Write(address, 4), value);

    public void Write16(uint address, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Write(address, 2), value);

    public void Write8(uint address, byte value) => Write(address, 1)[0] = value;

    public void Write(uint address, ReadOnlySpan<byte> bytes) => bytes.CopyTo(Write(address, (uint)bytes.Length));

    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        block.Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Check(string access, uint address, uint length)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        // A guest can name more of its memory than one piece of ours can hold.
        if (!Contains(address, length) || length > int.MaxValue) throw new GuestMemoryException(access, address, length);
    }

    private void NoteWrite(uint address, uint length)
    {
        if (length == 0) return;
        byte any = 0;
        for (uint frame = address >> PageShift; frame <= (address + length - 1) >> PageShift; frame++)
        {
            if (marks[frame] == 0) continue;
            any |= marks[frame];
            NoteFirstWrite(frame);
        }
        if ((any & Observed) != 0) HostWriting?.Invoke(address, length);
    }

    private void NoteFirstWrite(uint frame)
    {
        MarkChanged(frame);
        if ((marks[frame] & Watched) != 0) WatchedPageWritten?.Invoke(frame);
    }
}

/// <summary>A guest's number named memory that it does not have.</summary>
internal sealed class GuestMemoryException(string access, uint address, uint length)
    : GuestKilledException($"bad {access} address 0x{address:x8} len {length}");
