using LguestPS.State;

namespace LguestPS.Devices;

/// <summary>A disk: sectors that are read and written, and what came of that.</summary>
internal sealed class DiskFunction(string name, BlockDefinition definition) : DeviceFunction
{
    private readonly BlockStore store = BlockStore.Open(definition);
    private long reads, writes, failures;
    private string? lastProblem;

    public override string Name => name;

    /// <summary>Bytes, whole sectors only.</summary>
    public long Length => store.Length;

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

    /// <summary>Answers a request that makes no sense with an error.</summary>
    public void Refuse(IDeviceHost host) => Count(host, write: false, done: false);

    /// <summary>Puts every write up to now where it survives the machine. Any thread may call this.</summary>
    /// <returns>Null, or why that is not certain.</returns>
    public string? Sync()
    {
        if (store.Sync() is not { } problem) return null;
        return lastProblem = $"{name}: {problem}";
    }

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
