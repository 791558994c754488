using LguestPS.Devices;
using LguestPS.Machines;
using LguestPS.Memory;
using LguestPS.State;

namespace LguestPS.Checkpoints;

/// <summary>The inside of a checkpoint's file: the definition, where the guest stood, its small state, then the large parts.</summary>
internal static class CheckpointFile
{
    private const byte MemoryPart = 0;
    private const byte SectorPart = 1;

    // Far above what a guest can have: registers and tables, a MiB of typed text, a MiB of console output, a part for each disk.
    private const int MostStateBytes = 64 << 20;
    private const int MostParts = 64;

    private const int LastVersionWithoutSymbols = 4;

    // More than any guest runs; and less than what a place in a run can be.
    private static readonly TimeSpan LongestTime = TimeSpan.FromDays(36_500);

    public static void Save(Checkpoint checkpoint, string path) =>
        StateFile.Write(path, StateFile.CheckpointKind, file => Write(file, checkpoint));

    public static Checkpoint Load(string path)
    {
        Checkpoint checkpoint = StateFile.Read(path, StateFile.CheckpointKind, Read);
        checkpoint.Path = path;
        return checkpoint;
    }

    public static void Write(BinaryWriter file, Checkpoint checkpoint)
    {
        file.Write(DefinitionJson.Write(checkpoint.Definition));
        file.Write(checkpoint.PageOffset);
        file.Write(checkpoint.Label);
        file.Write(checkpoint.Taken.Ticks);
        file.Write(checkpoint.GuestTime.Ticks);
        file.Write(checkpoint.InstructionCount ?? -1);
        file.Write(checkpoint.EventCount);
        file.Write((int)checkpoint.Standstill);
        file.Write(checkpoint.Next ?? "");
        file.Write(checkpoint.State.Length);
        file.Write(checkpoint.State);
        WriteParts(file, checkpoint.SharedParts);
        checkpoint.Boot.WriteTo(file, checkpoint.Memory);
        FileOrigin.Write(file, checkpoint.Source is { } guest ? FileOrigin.Of(guest) : checkpoint.Origin);
        SymbolTable? symbols = checkpoint.Source is { } source ? source.Machine.Symbols?.Linked : checkpoint.Symbols;
        if (symbols is { CanBeStored: false }) symbols = null;
        file.Write(symbols is not null);
        symbols?.WriteTo(file);
    }

    public static void WriteParts(BinaryWriter file, IReadOnlyList<SharedState> parts)
    {
        file.Write(parts.Count);
        foreach (SharedState part in parts)
        {
            file.Write(part is MemoryImage ? MemoryPart : SectorPart);
            part.WriteTo(file);
        }
    }

    /// <exception cref="InvalidStateException">It makes no sense.</exception>
    /// <exception cref="IOException">It is cut off.</exception>
    public static Checkpoint Read(BoundedReader file)
    {
        GuestDefinition definition = DefinitionJson.Read(file.ReadString());
        uint pageOffset = file.ReadUInt32();
        string label = file.ReadString();
        DateTime taken = new(file.ReadInt64(), DateTimeKind.Utc);
        TimeSpan guestTime = TimeSpan.FromTicks(file.ReadInt64());
        long instructions = file.ReadInt64();
        long events = file.ReadInt64();
        Standstill standstill = (Standstill)file.ReadInt32();
        if (!Enum.IsDefined(standstill)) throw new InvalidStateException($"the guest stands at {standstill}");
        string next = file.ReadString();
        byte[] state = ReadState(file);
        if (instructions < -1 || events < 0 || guestTime < TimeSpan.Zero || guestTime > LongestTime) throw new InvalidStateException($"the guest stands after {events} events, at {guestTime}");
        file.Allow(definition.Memory);
        SharedState[] parts = ReadParts(file, definition.Memory);
        if (parts is not [MemoryImage memory, ..]) throw new InvalidStateException("it has no memory");
        file.Allow(definition.Memory);
        BootImage boot = BootImage.ReadFrom(file, memory);
        FileOrigin? origin = FileOrigin.Read(file);
        SymbolTable? symbols = file.Version > LastVersionWithoutSymbols && file.ReadBoolean() ? SymbolTable.ReadFrom(file) : null;
        return new Checkpoint(definition, pageOffset, state, parts, boot)
        {
            Origin = origin, Symbols = symbols,
            Label = label, Taken = taken, GuestTime = guestTime, InstructionCount = instructions < 0 ? null : instructions, EventCount = events,
            Standstill = standstill, Next = next.Length == 0 ? null : next, OwnBytes = memory.UsedBytes,
        };
    }

    public static byte[] ReadState(BoundedReader file) => file.Read(file.ReadInt32(), MostStateBytes, "the state");

    /// <param name="file">Where they were written.</param>
    /// <param name="memory">Bytes of guest memory, if that is one of them.</param>
    public static SharedState[] ReadParts(BoundedReader file, long? memory = null)
    {
        SharedState[] parts = new SharedState[file.ReadCount("parts", MostParts)];
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = file.ReadByte() switch
            {
                MemoryPart when memory is { } size && i == 0 => MemoryImage.ReadFrom(file, size),
                SectorPart => SectorImage.ReadFrom(file),
                _ => throw new InvalidStateException("a part is of an unknown kind"),
            };
        }
        return parts;
    }
}
