using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.MemoryMappedFiles;
using LguestPS.Files;
using LguestPS.Native;
using Microsoft.Win32.SafeHandles;

namespace LguestPS.Networks;

/// <summary>The file that is a shared network: where everything is in it, and access to it that no other process can disturb.</summary>
/// <remarks>
/// The file is read and written, not mapped: whoever cuts a mapped file short kills everybody who looks at it. Only the
/// doorbells are mapped, and only the kernel looks at those. Every word has one writer, the guest in the slot it belongs to.
/// </remarks>
internal sealed unsafe class SharedNetFile : IDisposable
{
    public const int Slots = 16;

    /// <summary>Bytes that may wait from one guest for another; a power of two.</summary>
    public const int QueueSize = 128 * 1024;

    /// <summary>Offset of the page of MAC addresses, as the guests see it.</summary>
    public const long Macs = 0x1000;

    /// <summary>Offset of what each slot's guest publishes about itself.</summary>
    public const long Cards = 0x3000;

    /// <summary>Bytes of one card.</summary>
    public const int CardSize = 256;

    private const int Version = 1;
    private const int HeaderSize = 32;
    private const int VersionOffset = 16;
    private const int OwnNumber = 28;
    private const long Doorbells = 0x2000;
    private const int DoorbellSize = 64;
    private const long Written = 0x4000;
    private const long Taken = 0x4800;
    private const long Queues = 0x5000;
    private const long Size = Queues + (long)Slots * Slots * QueueSize;

    // Locks are on bytes after the end of the file, where nothing else is.
    private const long FormatLock = 1L << 40;
    private const long SlotLocks = FormatLock + 1;

    private static readonly TimeSpan LongestFormat = TimeSpan.FromSeconds(2);

    private readonly SafeFileHandle file;
    private readonly MemoryMappedFile mapping;
    private readonly MemoryMappedViewAccessor doorbells;
    private readonly byte* firstDoorbell;
    private readonly byte[] header;

    private SharedNetFile(SafeFileHandle file, string path, byte[] header)
    {
        this.file = file;
        this.header = header;
        Path = path;
        mapping = MemoryMappedFile.CreateFromFile(file, mapName: null, capacity: 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
        try
        {
            doorbells = mapping.CreateViewAccessor(Doorbells, Slots * DoorbellSize);
        }
        catch
        {
            mapping.Dispose();
            throw;
        }
        doorbells.SafeMemoryMappedViewHandle.AcquirePointer(ref firstDoorbell);
        firstDoorbell += doorbells.PointerOffset;
    }

    private static ReadOnlySpan<byte> Magic => "LguestPS network"u8;

    public string Path { get; }

    /// <summary>Opens a network; if the file is new or empty, makes it one.</summary>
    /// <exception cref="LguestException">FileUnavailable; InvalidImage if it holds something else; NotSupported where this cannot work.</exception>
    public static SharedNetFile Open(string path)
    {
        if (!Futex.IsSupported) throw Problem(LguestError.NotSupported, path, "networks between guests need 64-bit Linux");
        SafeFileHandle? file = null;
        try
        {
            file = HostFile.Open(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            return new SharedNetFile(file, path, Format(file, path));
        }
        catch (Exception e)
        {
            file?.Dispose();
            if (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
                throw Problem(LguestError.FileUnavailable, path, e.Message, e);
            throw;
        }
    }

    /// <summary>Takes a free slot.</summary>
    public bool TryTakeSlot(int slot) => FileLock.TryTake(file, SlotLocks + slot);

    public void ReleaseSlot(int slot) => FileLock.Release(file, SlotLocks + slot);

    /// <summary>Whether another guest has this slot. A process that is killed loses its slots.</summary>
    public bool IsTaken(int slot) => FileLock.IsTaken(file, SlotLocks + slot);

    /// <summary>Does something that no two guests may do at once.</summary>
    /// <exception cref="IOException">Somebody does not let go of the lock.</exception>
    public T Alone<T>(Func<T> what) => Alone(file, what);

    /// <summary>Whether it is still the network that was opened, and not overwritten or made anew.</summary>
    public bool IsIntact()
    {
        Span<byte> now = stackalloc byte[HeaderSize];
        return TryRead(0, now) && now.SequenceEqual(header);
    }

    /// <summary>Offset of what <paramref name="sender"/> has written into its queue for <paramref name="receiver"/>: bytes since ever, modulo 2³². Those for one receiver stand together.</summary>
    public static long WrittenBy(int sender, int receiver) => Written + (receiver * Slots + sender) * sizeof(uint);

    /// <summary>Offset of what <paramref name="receiver"/> has taken out of its queue from <paramref name="sender"/>. Those from one sender stand together.</summary>
    public static long TakenBy(int receiver, int sender) => Taken + (sender * Slots + receiver) * sizeof(uint);

    public static long Card(int slot) => Cards + slot * CardSize;

    public static long Mac(int slot) => Macs + slot * MacAddress.Size;

    /// <returns>False if the file does not have these bytes (any longer).</returns>
    public bool TryRead(long offset, Span<byte> bytes) => TryRead(file, offset, bytes);

    /// <returns>False if they cannot be written.</returns>
    public bool TryWrite(long offset, ReadOnlySpan<byte> bytes)
    {
        try
        {
            WrittenFile.Write(file, bytes, offset);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public bool TryReadWords(long offset, Span<uint> words)
    {
        Span<byte> bytes = stackalloc byte[Slots * sizeof(uint)];
        bytes = bytes[..(words.Length * sizeof(uint))];
        if (!TryRead(offset, bytes)) return false;
        for (int i = 0; i < words.Length; i++) words[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(i * sizeof(uint))..]);
        return true;
    }

    public bool TryWriteWord(long offset, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return TryWrite(offset, bytes);
    }

    /// <summary>Reads a piece of a queue, which goes round.</summary>
    public bool TryReadQueue(int sender, int receiver, uint position, Span<byte> bytes)
    {
        (long offset, int first) = QueuePiece(sender, receiver, position, bytes.Length);
        return TryRead(offset, bytes[..first]) && TryRead(Queue(sender, receiver), bytes[first..]);
    }

    public bool TryWriteQueue(int sender, int receiver, uint position, ReadOnlySpan<byte> bytes)
    {
        (long offset, int first) = QueuePiece(sender, receiver, position, bytes.Length);
        return TryWrite(offset, bytes[..first]) && TryWrite(Queue(sender, receiver), bytes[first..]);
    }

    /// <summary>What the doorbell of a slot shows; a caller that then finds nothing new may wait for it to change.</summary>
    public bool TryReadDoorbell(int slot, out uint value)
    {
        value = 0;
        return TryReadWords(Doorbell(slot), new Span<uint>(ref value));
    }

    /// <summary>Rings the doorbell of a slot.</summary>
    /// <param name="slot">Whose.</param>
    /// <param name="value">One that no other process rings with, and not this caller's last.</param>
    public void Ring(int slot, uint value)
    {
        if (TryWriteWord(Doorbell(slot), value)) Futex.Wake(DoorbellWord(slot));
    }

    /// <summary>Waits for a doorbell to show something else.</summary>
    /// <returns>False if the doorbell is gone.</returns>
    public bool WaitForDoorbell(int slot, uint value, TimeSpan longest) => Futex.Wait(DoorbellWord(slot), value, longest);

    public void Dispose()
    {
        doorbells.SafeMemoryMappedViewHandle.ReleasePointer();
        doorbells.Dispose();
        mapping.Dispose();
        file.Dispose();
    }

    private static long Doorbell(int slot) => Doorbells + slot * DoorbellSize;

    private static long Queue(int sender, int receiver) => Queues + ((long)receiver * Slots + sender) * QueueSize;

    private static (long Offset, int First) QueuePiece(int sender, int receiver, uint position, int length)
    {
        int at = (int)(position % QueueSize);
        return (Queue(sender, receiver) + at, Math.Min(length, QueueSize - at));
    }

    /// <returns>The header: magic, version, slots, size of a queue, and a number that is this network's own.</returns>
    private static byte[] Format(SafeFileHandle file, string path) => Alone(file, () =>
    {
        byte[] header = new byte[HeaderSize], ours = new byte[HeaderSize];
        Magic.CopyTo(ours);
        BinaryPrimitives.WriteInt32LittleEndian(ours.AsSpan(VersionOffset), Version);
        BinaryPrimitives.WriteInt32LittleEndian(ours.AsSpan(20), Slots);
        BinaryPrimitives.WriteInt32LittleEndian(ours.AsSpan(24), QueueSize);
        BinaryPrimitives.WriteInt32LittleEndian(ours.AsSpan(OwnNumber), Random.Shared.Next());

        long length = RandomAccess.GetLength(file);
        bool complete = TryRead(file, 0, header);
        // The header comes last: whoever was killed before it leaves an empty file, or one of zeros.
        if (length == 0 || (length == Size && complete && !header.AsSpan().ContainsAnyExcept((byte)0)))
        {
            WrittenFile.SetLength(file, Size);
            WrittenFile.Write(file, ours, 0);
            return ours;
        }
        if (!complete || !header.AsSpan().StartsWith(Magic))
            throw Problem(LguestError.InvalidImage, path, "the file is not a network of LguestPS; remove it or name another");
        if (!header.AsSpan(0, OwnNumber).SequenceEqual(ours.AsSpan(0, OwnNumber)))
            throw Problem(LguestError.InvalidImage, path, $"the network was made by another version of LguestPS (format {BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(VersionOffset))}, not {Version}); remove it or name another");
        if (length != Size)
            throw Problem(LguestError.InvalidImage, path, $"the network is damaged: its file has {length} bytes, not {Size}; remove it");
        return header;
    });

    private static T Alone<T>(SafeFileHandle file, Func<T> what)
    {
        long began = Stopwatch.GetTimestamp();
        while (!FileLock.TryTake(file, FormatLock))
        {
            if (Stopwatch.GetElapsedTime(began) > LongestFormat) throw new IOException("another process keeps the file locked");
            Thread.Yield();
        }
        try
        {
            return what();
        }
        finally
        {
            FileLock.Release(file, FormatLock);
        }
    }

    private static bool TryRead(SafeFileHandle file, long offset, Span<byte> bytes)
    {
        try
        {
            for (int done = 0; done < bytes.Length;)
            {
                int read = RandomAccess.Read(file, bytes[done..], offset + done);
                if (read == 0) return false;
                done += read;
            }
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static LguestException Problem(LguestError error, string path, string problem, Exception? inner = null) =>
        new(error, $"network '{path}': {problem}", inner) { Path = path };

    private uint* DoorbellWord(int slot) => (uint*)(firstDoorbell + slot * DoorbellSize);
}
