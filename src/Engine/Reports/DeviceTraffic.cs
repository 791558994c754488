using LguestPS.Exports;

namespace LguestPS.Reports;

/// <summary>What went over one device.</summary>
internal sealed class DeviceTraffic(string name, TimeBins bins)
{
    private const int MostInFlight = 4096;

    private readonly Dictionary<(long Queue, long Head), long> inFlight = [];

    public string Name => name;

    /// <summary>Bytes for each stretch, both ways.</summary>
    public TimeBins.Series Bytes { get; } = bins.Add();

    public long Transfers { get; private set; }

    public long BytesFromGuest { get; private set; }

    public long BytesToGuest { get; private set; }

    public long Kicks { get; private set; }

    public long Returned { get; private set; }

    /// <summary>Buffers of its queues that it had at once.</summary>
    public int MostBuffers { get; private set; }

    /// <summary>Guest time that it kept buffers, in nanoseconds, of those whose time is known.</summary>
    public long KeptTime { get; private set; }

    public long KeptCount { get; private set; }

    public long LongestKept { get; private set; }

    public void Kick() => Kicks++;

    public void AddDma(EventRecord record, int bin)
    {
        int bytes = record.FindBytes(nameof(DmaEvent.Data)).Length;
        Transfers++;
        if (record.FindText(nameof(DmaEvent.Direction)) == nameof(DmaDirection.Receive)) BytesToGuest += bytes;
        else BytesFromGuest += bytes;
        Bytes.Add(bin, bytes);
    }

    public void AddBuffer(EventRecord record, int bin)
    {
        int bytes = record.FindBytes(nameof(VirtqueueEvent.Data)).Length;
        long time = record.GuestTime.Ticks * 100;
        (long Queue, long Head) buffer = (record.FindNumber(nameof(VirtqueueEvent.Queue)) ?? 0, record.FindNumber(nameof(VirtqueueEvent.Head)) ?? 0);
        Bytes.Add(bin, bytes);
        if (record.FindText(nameof(VirtqueueEvent.Operation)) == nameof(VirtqueueOperation.Taken))
        {
            Transfers++;
            BytesFromGuest += bytes;
            if (inFlight.Count < MostInFlight) inFlight[buffer] = time;
            MostBuffers = Math.Max(MostBuffers, inFlight.Count);
            return;
        }
        Returned++;
        BytesToGuest += bytes;
        if (!inFlight.Remove(buffer, out long taken)) return;
        KeptCount++;
        KeptTime += time - taken;
        LongestKept = Math.Max(LongestKept, time - taken);
    }
}
