using System.IO.Compression;
using LguestPS.Events;
using LguestPS.State;

namespace LguestPS.Recordings;

/// <summary>The essence of every event of a run, in order and compressed: a replay is held against it.</summary>
internal sealed class EventLog
{
    private const int EventsPerChunk = 4096;
    private const int LongestEvent = 1 << 20;

    private readonly List<byte[]> chunks = [];
    private readonly List<byte[]> newest = [];
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
        chunks.Add(Pack(newest));
        newest.Clear();
    }

    public byte[] this[long index]
    {
        get
        {
            int chunk = (int)(index / EventsPerChunk), place = (int)(index % EventsPerChunk);
            if (chunk == chunks.Count) return newest[place];
            if (opened is null || openedIndex != chunk) (opened, openedIndex) = (Unpack(chunks[chunk]), chunk);
            return opened[place];
        }
    }

    /// <summary>Forgets all but the first so many events.</summary>
    public void Truncate(long count)
    {
        if (count >= Count) return;
        int chunk = (int)(count / EventsPerChunk);
        if (chunk < chunks.Count)
        {
            newest.Clear();
            newest.AddRange(Unpack(chunks[chunk]));
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

    /// <exception cref="InvalidStateException">It makes no sense.</exception>
    /// <exception cref="IOException">It is cut off.</exception>
    public static EventLog ReadFrom(BinaryReader file)
    {
        EventLog log = new();
        for (long left = file.ReadInt64(); left > 0; left--) log.Append(ReadEvent(file));
        return log;
    }

    private static byte[] ReadEvent(BinaryReader file)
    {
        int length = file.Read7BitEncodedInt();
        if (length is < 0 or > LongestEvent) throw new InvalidStateException($"an event has {length} bytes");
        byte[] essence = new byte[length];
        file.BaseStream.ReadExactly(essence);
        return essence;
    }

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
        using BinaryReader reader = new(new BufferedStream(new BrotliStream(new MemoryStream(packed), CompressionMode.Decompress), 1 << 14));
        List<byte[]> events = new(EventsPerChunk);
        while (events.Count < EventsPerChunk) events.Add(ReadEvent(reader));
        return events;
    }
}
