using System.Buffers;
using LguestPS.Memory;
using LguestPS.State;

namespace LguestPS.Devices;

/// <summary>A disk: sectors that are read and written, and what came of that.</summary>
internal sealed class DiskFunction(string name, BlockDefinition definition, RecordedDisk? recorded = null) : DeviceFunction
{
    private const int ChunkSize = 128 * 1024;

    private readonly BlockStore store = BlockStore.Open(definition, recorded: recorded);
    private long reads, writes, failures;
    private string? lastProblem;

    public override string Name => name;

    /// <summary>Bytes, whole sectors only.</summary>
    public long Length => store.Length;

    /// <summary>Whether every write fails.</summary>
    public bool IsReadOnly => definition.Mode == BlockMode.ReadOnly;

    public GuestDisk State => new(
        name, definition.Path, definition.Mode, definition.Overlay, store.Length, store.ChangedBytes,
        Volatile.Read(ref reads), Volatile.Read(ref writes), Volatile.Read(ref failures), lastProblem);

    /// <summary>Reads into a buffer of the guest.</summary>
    /// <param name="host">The guest.</param>
    /// <param name="buffer">Where to; its length bounds what is read.</param>
    /// <param name="offset">From where, in bytes.</param>
    /// <param name="bytes">How many.</param>
    /// <returns>False, with nothing done, if they do not fit or the host cannot read them.</returns>
    public bool Read(IDeviceHost host, IGuestBuffer buffer, long offset, uint bytes)
    {
        bool done = Read(buffer, offset, bytes);
        Count(host, write: false, done);
        return done;
    }

    /// <summary>Writes what a guest sent.</summary>
    /// <returns>False, with nothing done, if the host cannot write it there.</returns>
    public bool Write(IDeviceHost host, long offset, ReadOnlySpan<byte> data)
    {
        bool done = store.TryWrite(offset, data);
        Count(host, write: true, done);
        return done;
    }

    /// <summary>Reads into pieces of guest memory, without a copy in between where they are whole sectors.</summary>
    /// <param name="host">The guest.</param>
    /// <param name="pieces">Where to.</param>
    /// <param name="offset">From where, in bytes.</param>
    /// <returns>False if that is not all on the disk, is not whole sectors, or the host cannot read it; then what is in the pieces is undefined.</returns>
    public bool Read(IDeviceHost host, ReadOnlySpan<GuestRange> pieces, long offset)
    {
        bool done = store.Holds(offset, LengthOf(pieces)) && ReadPieces(host.Memory, pieces, offset);
        Count(host, write: false, done);
        return done;
    }

    /// <summary>Writes what is in pieces of guest memory.</summary>
    /// <returns>False if that is not all on the disk, is not whole sectors, or the host cannot write it; then some of it may be written.</returns>
    public bool Write(IDeviceHost host, ReadOnlySpan<GuestRange> pieces, long offset)
    {
        bool done = store.Holds(offset, LengthOf(pieces)) && WritePieces(host.Memory, pieces, offset);
        Count(host, write: true, done);
        return done;
    }

    /// <summary>Does what <see cref="Sync()"/> does, because the guest asks for it.</summary>
    /// <returns>Whether every write up to now is safe.</returns>
    public bool Sync(IDeviceHost host)
    {
        string? before = lastProblem;
        if (Sync() is not { } problem) return true;
        Interlocked.Increment(ref failures);
        if (problem != before) host.Warn(problem);
        return false;
    }

    /// <summary>Answers a request that makes no sense with an error.</summary>
    public void Refuse(IDeviceHost host) => Count(host, write: false, done: false);

    /// <summary>Puts every write up to now where it survives the machine. Any thread may call this.</summary>
    /// <returns>Null, or why that is not certain.</returns>
    public string? Sync()
    {
        if (store.Sync() is not { } problem) return null;
        return lastProblem = $"{name}: {problem}";
    }

    /// <inheritdoc cref="BlockStore.Recorded"/>
    public RecordedDisk Recorded => store.Recorded;

    /// <inheritdoc cref="BlockStore.BeginRecording"/>
    public void BeginRecording() => store.BeginRecording();

    public override string? RestoreObstacle => store.Change;

    public override string? CheckpointObstacle => store.CheckpointObstacle;

    public override void Save(StateWriter state)
    {
        store.Save(state);
        state.Write(reads);
        state.Write(writes);
        state.Write(failures);
    }

    public override void Load(StateReader state)
    {
        store.Load(state);
        reads = state.ReadCount("the number of reads");
        writes = state.ReadCount("the number of writes");
        failures = state.ReadCount("the number of failures");
    }

    public override void Dispose() => store.Dispose();

    private void Count(IDeviceHost host, bool write, bool done)
    {
        if (done) Interlocked.Increment(ref write ? ref writes : ref reads);
        else Interlocked.Increment(ref failures);
        if (store.Problem is not { } problem) return;
        // Said once, not at every retry of the guest.
        string said = $"{name}: {problem}";
        if (said == lastProblem) return;
        lastProblem = said;
        host.Warn(said);
    }

    private static long LengthOf(ReadOnlySpan<GuestRange> pieces)
    {
        long length = 0;
        foreach (GuestRange piece in pieces) length += piece.Length;
        return length;
    }

    private bool ReadPieces(GuestMemory memory, ReadOnlySpan<GuestRange> pieces, long offset)
    {
        foreach (GuestRange piece in pieces)
            if (piece.Length % DiskImage.SectorSize != 0) return ReadPartsOfSectors(memory, pieces, offset);
        foreach (GuestRange piece in pieces)
        {
            if (!store.TryRead(offset, memory.Write(piece.Address, piece.Length))) return false;
            offset += piece.Length;
        }
        return true;
    }

    /// <summary>A sector may be spread over pieces of any length.</summary>
    private bool ReadPartsOfSectors(GuestMemory memory, ReadOnlySpan<GuestRange> pieces, long offset)
    {
        Span<byte> sector = stackalloc byte[DiskImage.SectorSize];
        int used = sector.Length;
        foreach (GuestRange piece in pieces)
        {
            Span<byte> to = memory.Write(piece.Address, piece.Length);
            while (!to.IsEmpty)
            {
                if (used == sector.Length)
                {
                    if (!store.TryRead(offset, sector)) return false;
                    offset += sector.Length;
                    used = 0;
                }
                int length = Math.Min(sector.Length - used, to.Length);
                sector.Slice(used, length).CopyTo(to);
                to = to[length..];
                used += length;
            }
        }
        return true;
    }

    private bool WritePieces(GuestMemory memory, ReadOnlySpan<GuestRange> pieces, long offset)
    {
        byte[] chunk = ArrayPool<byte>.Shared.Rent(ChunkSize);
        try
        {
            int filled = 0;
            foreach (GuestRange piece in pieces)
            {
                ReadOnlySpan<byte> from = memory.Read(piece.Address, piece.Length);
                while (!from.IsEmpty)
                {
                    int length = Math.Min(ChunkSize - filled, from.Length);
                    from[..length].CopyTo(chunk.AsSpan(filled));
                    from = from[length..];
                    filled += length;
                    if (filled < ChunkSize) continue;
                    if (!store.TryWrite(offset, chunk.AsSpan(0, filled))) return false;
                    (offset, filled) = (offset + filled, 0);
                }
            }
            return store.TryWrite(offset, chunk.AsSpan(0, filled));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    private bool Read(IGuestBuffer buffer, long offset, uint bytes)
    {
        // The guest's number is not trusted for an allocation: its own buffers bound it.
        if (bytes > buffer.WritableLength) return false;
        byte[] data = new byte[bytes];
        if (!store.TryRead(offset, data)) return false;
        buffer.WriteAll(data);
        return true;
    }
}
