using System.IO.Compression;
using LguestPS.Events;
using LguestPS.State;

namespace LguestPS.Recordings;

/// <summary>The essence of every event of a run, in order and compressed: a replay is held against it.</summary>
internal sealed class EventLog
{
    private const int EventsPerChunk = 4096;
    private const int LongestEvent = 1 << 20;
    private const int LongestChunk = 32 << 20;

    // Packed beside the run, which goes on meanwhile.
    private readonly List<Task<byte[]>> chunks = [];
    private List<byte[]> newest = [];
    private readonly StateWriter writer = new();
    private List<byte[]>? opened;
    private int openedIndex;

    public long Count => (long)chunks.Count * EventsPerChunk + newest.Count;

    /// <summary>What is kept of an event.</summary>
    public byte[] EssenceOf(LguestEvent happened)
    {
        writer.Clear();
        EventCodec.WriteEssence(writer, happened);
        return writer.ToArray();
    }

    public void Append(byte[] essence)
    {
        newest.Add(essence);
        if (newest.Count < EventsPerChunk) return;
        List<byte[]> full = newest;
        chunks.Add(Task.Run(() => Pack(full)));
        newest = [];
    }

    public byte[] this[long index]
    {
        get
        {
            int chunk = (int)(index / EventsPerChunk), place = (int)(index % EventsPerChunk);
            if (chunk == chunks.Count) return newest[place];
            if (opened is null || openedIndex != chunk) (opened, openedIndex) = (Unpack(chunks[chunk].GetAwaiter().GetResult()), chunk);
            return opened[place];
        }
    }

    /// <summary>The same events; what is added to one of the two is not in the other.</summary>
    public EventLog Copy()
    {
        EventLog copy = new();
        copy.chunks.AddRange(chunks);
        copy.newest.AddRange(newest);
        return copy;
    }

    /// <summary>Forgets all but the first so many events.</summary>
    public void Truncate(long count)
    {
        if (count >= Count) return;
        int chunk = (int)(count / EventsPerChunk);
        if (chunk < chunks.Count)
        {
            newest.Clear();
            newest.AddRange(Unpack(chunks[chunk].GetAwaiter().GetResult()));
            chunks.RemoveRange(chunk, chunks.Count - chunk);
            opened = null;
        }
        newest.RemoveRange((int)(count % EventsPerChunk), newest.Count - (int)(count % EventsPerChunk));
    }

    public void WriteTo(BinaryWriter file)
    {
        file.Write(Count);
        for (long i = 0; i < Count; i++)
        {
            byte[] essence = this[i];
            file.Write7BitEncodedInt(essence.Length);
            file.Write(essence);
        }
    }

    /// <param name="file">Where it was written.</param>
    /// <param name="before">Events before the first of it.</param>
    /// <param name="end">Events of the run where it ends.</param>
    /// <exception cref="InvalidStateException">It makes no sense.</exception>
    /// <exception cref="IOException">It is cut off.</exception>
    public static EventLog ReadFrom(BoundedReader file, long before, long end)
    {
        EventLog log = new();
        long count = file.ReadInt64(), bytes = 0;
        if (count < 0 || count > end - before) throw new InvalidStateException($"it has {count} events of {end - before}");
        for (long i = 0; i < count; i++)
        {
            byte[] essence = ReadEvent(file);
            if (EventCodec.ReadSequence(essence) != before + i + 1) throw new InvalidStateException($"event {before + i + 1} is another one");
            bytes = i % EventsPerChunk == 0 ? essence.Length : bytes + essence.Length;
            if (bytes > LongestChunk) throw new InvalidStateException("its events are larger than any guest's");
            log.Append(essence);
        }
        return log;
    }

    /// <summary>Makes sure that every event can be read again.</summary>
    /// <exception cref="InvalidStateException">One cannot.</exception>
    public void Check(EventOrigin origin)
    {
        for (long i = 0; i < Count; i++) _ = EventCodec.Read(new StateReader(this[i], []), origin, whole: false);
    }

    private static byte[] ReadEvent(BoundedReader file) => file.Read(file.Read7BitEncodedInt(), LongestEvent, "an event");

    private static byte[] Pack(List<byte[]> events)
    {
        using MemoryStream packed = new();
        using (BrotliStream brotli = new(packed, CompressionLevel.Fastest, leaveOpen: true))
        using (BufferedStream buffer = new(brotli, 1 << 14))
        using (BinaryWriter writer = new(buffer))
        {
            foreach (byte[] essence in events)
            {
                writer.Write7BitEncodedInt(essence.Length);
                writer.Write(essence);
            }
        }
        return packed.ToArray();
    }

    private static List<byte[]> Unpack(byte[] packed)
    {
        using BoundedReader reader = new(new BufferedStream(new BrotliStream(new MemoryStream(packed), CompressionMode.Decompress), 1 << 14), long.MaxValue);
        List<byte[]> events = new(EventsPerChunk);
        while (events.Count < EventsPerChunk) events.Add(ReadEvent(reader));
        return events;
    }
}
