using LguestPS.Dma;
using LguestPS.Errors;
using LguestPS.Memory;
using LguestPS.State;

namespace LguestPS.Devices;

/// <summary>A disk: the request is in the device's page, the data in the sent or the bound DMA (ABI §8).</summary>
internal sealed class BlockDevice(string name, BlockDefinition definition) : Device
{
    private const int RequestWrite = 1;
    private const uint ResultOk = 1;
    private const uint ResultError = 2;

    // Offsets in the device's page.
    private const uint RequestType = 0;
    private const uint RequestSector = 4;
    private const uint RequestBytes = 8;
    private const uint RequestResult = 12;
    private const uint SectorCount = 16;

    private readonly BlockStore store = BlockStore.Open(definition);
    private long reads, writes, failures;
    private string? lastProblem;

    public override string Name => name;

    public override ushort Type => 3;

    /// <summary>Its interrupts are random enough for the guest's entropy pool.</summary>
    public override ushort Features => 0x8000;

    public override int Pages => 1;

    public GuestDisk State => new(
        name, definition.Path, definition.Mode, definition.Overlay, store.Length, store.ChangedBytes,
        Volatile.Read(ref reads), Volatile.Read(ref writes), Volatile.Read(ref failures), lastProblem);

    public override void PreparePage(GuestMemory memory) =>
        memory.Write32(PageAddress + SectorCount, (uint)Math.Min(store.Length / DiskImage.SectorSize, uint.MaxValue));

    public override DmaOutcome Serve(Guest guest, DmaList sent)
    {
        DmaBinding binding = guest.Bindings.Find(Key) ?? throw new GuestKilledException($"{name}: request without a bound reply buffer");
        DmaList reply = guest.Bindings.FindFree(binding, guest.Abi.Dma!) ?? throw new GuestKilledException($"{name}: request without a free reply buffer");

        long offset = (long)guest.Memory.Read32(PageAddress + RequestSector) * DiskImage.SectorSize;
        uint bytes = guest.Memory.Read32(PageAddress + RequestBytes);
        bool write = guest.Memory.Read32(PageAddress + RequestType) == RequestWrite;
        bool done = write ? Write(sent, offset, bytes) : Read(reply, offset, bytes);
        Count(guest, write, done);

        guest.Memory.Write32(PageAddress + RequestResult, done ? ResultOk : ResultError);
        // Neither used_len is used for disks: 0 keeps the one-entry reply array free for the next request.
        reply.UsedLength = 0;
        guest.Interrupts.Raise(binding.Irq);
        return done && !write ? new DmaOutcome(0, reply, bytes) : new DmaOutcome(0);
    }

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

    private void Count(Guest guest, bool write, bool done)
    {
        if (done) Interlocked.Increment(ref write ? ref writes : ref reads);
        else Interlocked.Increment(ref failures);
        if (store.Problem is not { } problem) return;
        // Said once, not at every retry of the guest.
        string said = $"{name}: {problem}";
        if (said == lastProblem) return;
        lastProblem = said;
        guest.Warn(said);
    }

    private bool Write(DmaList sent, long offset, uint bytes)
    {
        byte[] data = sent.ReadAll();
        return data.Length == bytes && store.TryWrite(offset, data);
    }

    private bool Read(DmaList reply, long offset, uint bytes)
    {
        // The guest's number is not trusted for an allocation: its own buffers bound it.
        if (bytes > reply.Length) return false;
        byte[] data = new byte[bytes];
        if (!store.TryRead(offset, data)) return false;
        reply.WriteAll(data);
        return true;
    }
}
