using LguestPS.Checkpoints;
using LguestPS.Devices;
using LguestPS.Machines;
using LguestPS.Memory;
using LguestPS.State;

namespace LguestPS;

/// <summary>A whole guest at one moment: memory, processor, devices, and everything the host knows about it.</summary>
/// <remarks>
/// It never changes. Checkpoints of one guest share what is the same in them, so a further one costs only the pages
/// that were written since. What lies outside the guest is not in it: disk images, and who is connected to its networks.
/// </remarks>
public sealed class Checkpoint
{
    internal Checkpoint(GuestDefinition definition, uint pageOffset, byte[] state, IReadOnlyList<SharedState> sharedParts, BootImage boot)
    {
        Boot = boot;
        Definition = definition;
        PageOffset = pageOffset;
        State = state;
        SharedParts = sharedParts;
    }

    /// <summary>Name of the guest.</summary>
    public string Guest => Definition.Name;

    /// <summary>What whoever took it called it, or empty.</summary>
    public string Label { get; init; } = "";

    /// <summary>When it was taken, host time (UTC).</summary>
    public required DateTime Taken { get; init; }

    /// <summary>Guest time since the guest was started.</summary>
    public required TimeSpan GuestTime { get; init; }

    /// <summary>Instructions run until then; null if the vCPU could not count them.</summary>
    public required long? InstructionCount { get; init; }

    /// <summary>Events until then, wanted or not.</summary>
    public required long EventCount { get; init; }

    /// <summary>How far the run had come.</summary>
    public RunPosition Position => new(EventCount, InstructionCount ?? 0, GuestTime);

    /// <summary>Where the guest stood.</summary>
    public required Standstill Standstill { get; init; }

    /// <summary>What came next, in words; null if it is an instruction.</summary>
    public required string? Next { get; init; }

    /// <summary>Bytes of guest memory it holds, pages that are all zero left out.</summary>
    public long MemoryBytes => Memory.UsedBytes;

    /// <summary>Bytes it holds that the guest's checkpoint before it does not.</summary>
    public required long OwnBytes { get; init; }

    /// <summary>The file it was saved to or loaded from, or null.</summary>
    public string? Path { get; internal set; }

    /// <summary>The definition of the guest; a file has it inside.</summary>
    public GuestDefinition Definition { get; }

    /// <summary>What its file says of where it comes from; null for one in memory, and in files of versions that did not say it.</summary>
    public FileOrigin? Origin { get; internal init; }

    /// <summary>The kernel's symbols that its file brought along; null if it had none.</summary>
    public SymbolTable? Symbols { get; internal init; }

    internal uint PageOffset { get; }

    internal byte[] State { get; }

    internal BootImage Boot { get; }

    internal IReadOnlyList<SharedState> SharedParts { get; }

    internal MemoryImage Memory => (MemoryImage)SharedParts[0];

    /// <summary>Bytes of memory and disks that another checkpoint of the same guest does not hold.</summary>
    internal long BytesNotIn(Checkpoint? other)
    {
        long bytes = Memory.BytesNotIn(other?.Memory);
        for (int i = 1; i < SharedParts.Count; i++) bytes += ((SectorImage)SharedParts[i]).BytesNotIn(other?.SharedParts[i] as SectorImage);
        return bytes;
    }

    /// <summary>The guest it was taken of; null if it comes from a file.</summary>
    internal Guest? Source { get; init; }

    /// <summary>Writes it to a file, compressed and with a checksum; a file of that name is replaced, at once and wholly.</summary>
    /// <exception cref="LguestException">FileUnavailable.</exception>
    public void Save(string path)
    {
        CheckpointFile.Save(this, path);
        Path = path;
    }

    /// <summary>Reads what <see cref="Save"/> wrote, on this or another machine.</summary>
    /// <exception cref="LguestException">FileUnavailable; or InvalidCheckpoint: it is no checkpoint, is damaged or cut off, or a newer version made it.</exception>
    public static Checkpoint Load(string path) => CheckpointFile.Load(path);

    public override string ToString() => $"{Guest} at {GuestTime.TotalSeconds:F6} s{(Label.Length > 0 ? $" ({Label})" : "")}";
}
