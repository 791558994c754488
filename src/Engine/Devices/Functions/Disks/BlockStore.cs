using LguestPS.State;

namespace LguestPS.Devices;

/// <summary>The contents of a disk: its image and, for a snapshot, the sectors written since.</summary>
internal sealed class BlockStore : IDisposable
{
    private readonly DiskImage image;
    private readonly BlockMode mode;
    private readonly SectorOverlay? overlay;
    private readonly SectorSet read = new();
    private volatile bool unsaved;

    private BlockStore(DiskImage image, BlockMode mode, SectorOverlay? overlay)
    {
        this.image = image;
        this.mode = mode;
        this.overlay = overlay;
    }

    /// <summary>Bytes of the disk, whole sectors only.</summary>
    public long Length => image.Length;

    /// <summary>Bytes a snapshot holds beside its image.</summary>
    public long ChangedBytes => (overlay?.SectorCount ?? 0) * DiskImage.SectorSize;

    /// <summary>Why the host could not do what it was asked last, or null. A request that no disk could do is not the host's problem.</summary>
    public string? Problem { get; private set; }

    /// <param name="disk">The disk.</param>
    /// <param name="limit">Of a snapshot in memory; null for what follows from the disk and this machine.</param>
    /// <param name="recorded">What a recorded run has read of it, if it is to be repeated; else null.</param>
    /// <exception cref="LguestException">FileUnavailable or InvalidImage; then nothing stays open.</exception>
    public static BlockStore Open(BlockDefinition disk, SnapshotLimit? limit = null, RecordedDisk? recorded = null)
    {
        DiskImage image = recorded is not null ? DiskImage.Open(disk.Path, recorded) : DiskImage.Open(disk.Path, forWriting: disk.Mode == BlockMode.ReadWrite);
        try
        {
            BlockStore store = new(image, disk.Mode, disk.Mode == BlockMode.Snapshot ? OpenOverlay(disk, image, limit) : null);
            foreach ((long first, byte[] bytes) in recorded?.Runs ?? []) store.read.Add(first, bytes.Length / DiskImage.SectorSize);
            return store;
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    /// <summary>Whether a range is whole sectors of the disk.</summary>
    public bool Holds(long offset, long length)
    {
        Problem = null;
        return offset >= 0 && offset <= Length && length <= Length - offset && offset % DiskImage.SectorSize == 0 && length % DiskImage.SectorSize == 0;
    }

    /// <returns>False if the range is not inside the disk or cannot be read; then the buffer's contents are undefined.</returns>
    public bool TryRead(long offset, Span<byte> bytes)
    {
        Problem = null;
        if (!IsInside(offset, bytes.Length)) return false;
        try
        {
            if (overlay is null) ReadImage(offset, bytes);
            else ReadSnapshot(overlay, offset / DiskImage.SectorSize, bytes);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Problem = $"a read failed: {e.Message}";
            return false;
        }
    }

    /// <returns>False if the range is not inside the disk, is not whole sectors, or cannot be written.</returns>
    public bool TryWrite(long offset, ReadOnlySpan<byte> bytes)
    {
        Problem = null;
        if (mode == BlockMode.ReadOnly || !IsInside(offset, bytes.Length) || bytes.Length % DiskImage.SectorSize != 0) return false;
        if (bytes.IsEmpty) return true;
        try
        {
            if (overlay is null) image.Write(offset, bytes);
            else overlay.Write(offset / DiskImage.SectorSize, bytes);
            unsaved = true;
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Problem = $"a write failed: {e.Message}";
            return false;
        }
    }

    /// <summary>Puts every write up to now where it survives the machine; what a snapshot keeps in memory is not meant to. Any thread may call this.</summary>
    /// <returns>Null, or why that is not certain.</returns>
    public string? Sync()
    {
        if (!unsaved) return null;
        unsaved = false;
        try
        {
            if (overlay is null) image.Flush();
            else overlay.Flush();
            return null;
        }
        catch (ObjectDisposedException)
        {
            return null;        // whoever closed it has saved it
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            unsaved = true;
            return $"saving its writes failed: {e.Message}";
        }
    }

    /// <summary>Why this disk cannot be taken back to an earlier moment, in words that follow its name; null if it can.</summary>
    public string? CheckpointObstacle => mode switch
    {
        BlockMode.ReadWrite => "writes to its image, and that would not go back with the guest; make it a snapshot in memory or readOnly",
        BlockMode.Snapshot when overlay is not MemoryOverlay => "writes to an overlay file, and that would not go back with the guest; keep the snapshot in memory",
        BlockMode.Snapshot when overlay is MemoryOverlay { HasSpilled: true } => "has outgrown memory, and its temporary file would not go back with the guest",
        _ => null,
    };

    /// <summary>Why the disk is no longer what it was at this guest's checkpoints; null if it is.</summary>
    /// <exception cref="LguestException">FileUnavailable: the image cannot be read.</exception>
    public string? Change => image.HasChanged ? $"has an image that was changed since the guest's checkpoints were taken, '{image.Path}'" : null;

    /// <summary>What was read of the image since <see cref="BeginRecording"/>.</summary>
    /// <exception cref="LguestException">FileUnavailable: it cannot be read any more.</exception>
    public RecordedDisk Recorded => RecordedDisk.Of(image, read);

    /// <summary>Forgets what was read up to now: a recording begins.</summary>
    public void BeginRecording() => read.Clear();

    public void Save(StateWriter state)
    {
        state.Write(Length);
        state.Write(image.Fingerprint);
        if (overlay is MemoryOverlay memory) state.Share(memory.Image);
    }

    /// <exception cref="LguestException">CheckpointRefused: it is not the one the guest had; FileUnavailable: it cannot be read.</exception>
    /// <exception cref="InvalidStateException">The state makes no sense.</exception>
    public void Load(StateReader state)
    {
        long length = state.ReadInt64();
        if (length != Length) throw Other($"has {Length} bytes; the guest's had {length}");
        if (!state.ReadBytes().AsSpan().SequenceEqual(image.Fingerprint)) throw Other("does not hold what the guest's did");
        if (overlay is not MemoryOverlay memory) return;
        SectorImage sectors = state.ReadShared<SectorImage>();
        if (sectors.Sectors.Keys.Any(sector => sector < 0 || sector >= Length / DiskImage.SectorSize)) throw new InvalidStateException("a sector beyond the end of the disk was written");
        memory.Load(sectors);
    }

    public void Dispose()
    {
        overlay?.Dispose();
        image.Dispose();
    }

    private LguestException Other(string how) => new(LguestError.CheckpointRefused, $"disk image '{image.Path}' {how}") { Path = image.Path };

    private static SectorOverlay OpenOverlay(BlockDefinition disk, DiskImage image, SnapshotLimit? limit) =>
        disk.Overlay is { } path ? FileOverlay.Open(path, image) : new MemoryOverlay(limit ?? SnapshotLimit.Of(image.Length, disk.Limit));

    /// <summary>Reads each run of sectors from where it is: an image that was damaged matters only where it shows.</summary>
    private void ReadSnapshot(SectorOverlay changes, long sector, Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int length = Math.Min(bytes.Length, DiskImage.SectorSize);
            if (changes.Has(sector))
            {
                changes.Read(sector, bytes[..length]);
            }
            else
            {
                while (length < bytes.Length && !changes.Has(sector + length / DiskImage.SectorSize))
                    length = Math.Min(bytes.Length, length + DiskImage.SectorSize);
                ReadImage(sector * DiskImage.SectorSize, bytes[..length]);
            }
            bytes = bytes[length..];
            sector += length / DiskImage.SectorSize;
        }
    }

    private void ReadImage(long offset, Span<byte> bytes)
    {
        image.Read(offset, bytes);
        long first = offset / DiskImage.SectorSize;
        if (mode != BlockMode.ReadWrite) read.Add(first, (offset + bytes.Length + DiskImage.SectorSize - 1) / DiskImage.SectorSize - first);
    }

    private bool IsInside(long offset, int length) => offset >= 0 && offset <= Length && length <= Length - offset;
}
