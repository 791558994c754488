using LguestPS.Cpu;

namespace LguestPS.Exports;

/// <summary>The tracks of one guest, and which of its events goes on which.</summary>
/// <remarks>A guest chooses its page directories and how many buffers are in flight, so each has a largest number of tracks; what is beyond shares one.</remarks>
internal sealed class GuestTimeline
{
    private const int MostDirectories = 256;
    private const int MostLanes = 32;
    private const long CounterPeriod = 100_000;      // nanoseconds

    private readonly TimelineExporter exporter;
    private readonly int guest;
    private readonly Track whole;
    private readonly VcpuTrack vcpu;
    private readonly Dictionary<EventKinds, Track> byKind = [];
    private readonly Dictionary<string, Track> byDevice = [];
    private readonly Dictionary<string, CounterTrack> counters = [];
    private readonly Dictionary<long, Track> directories = [];
    private readonly Dictionary<(string Device, long Queue), BufferLanes> queues = [];
    private Track? console, processes, process;
    private long first = -1, last;

    public GuestTimeline(TimelineExporter exporter, string name, int guest)
    {
        this.exporter = exporter;
        this.guest = guest;
        whole = exporter.AddTrack(guest, parent: null, name, TrackKind.Guest);
        vcpu = new VcpuTrack(exporter, exporter.AddTrack(guest, whole, "vCPU", TrackKind.Slices));
    }

    public void Add(EventRecord record)
    {
        // A clock of the host may be set back; what came later is then shown at the same time.
        long before = last;
        last = Math.Max(last, record.TimeOn(exporter.Axis));
        if (first < 0) first = last;
        long took = exporter.Axis == TimeAxis.Host ? Math.Min(record.HostDuration.Ticks * 100, before == 0 ? long.MaxValue : last - before) : 0;
        if (record.Kind != EventKinds.Intervention) vcpu.Came(last, took);
        if (EventNames.ConsoleText(record) is { } text) exporter.Instant(console ??= Below("console text"), last, text, record);
        switch (record.Kind)
        {
            case EventKinds.Hypercall:
                AddHypercall(record, took);
                break;
            case EventKinds.Trap:
                if (record.FindText(nameof(TrapEvent.Device)) is { } accessed) exporter.Instant(Device(accessed), last, EventNames.Of(record), record);
                else Show(OfKind(EventKinds.Trap, "traps"), record, took);
                if (record.FindNumber(nameof(TrapEvent.Vector)) == Vector.PageFault && record.FindText(nameof(TrapEvent.Outcome)) == nameof(TrapOutcome.Reflected)) Count("page faults", 1, "faults");
                break;
            case EventKinds.Interrupt:
                Show(OfKind(EventKinds.Interrupt, "interrupts"), record, took);
                break;
            case EventKinds.Dma:
                string device = record.FindText(nameof(DmaEvent.Device)) ?? "no device";
                Show(Device(device), record, took);
                Count($"{device} bytes", record.FindBytes(nameof(DmaEvent.Data)).Length, "bytes");
                break;
            case EventKinds.Kick:
                Show(Device(record.FindText(nameof(KickEvent.Device)) ?? "no device"), record, took);
                break;
            case EventKinds.Virtqueue:
                AddBuffer(record);
                break;
            default:
                exporter.Instant(whole, last, EventNames.Of(record), record);
                if (record.Kind is EventKinds.Rebooted or EventKinds.Ended) CloseAll();
                break;
        }
    }

    /// <summary>Ends what is still going on.</summary>
    public void Finish() => CloseAll();

    private void AddHypercall(EventRecord record, long took)
    {
        string name = EventNames.Of(record);
        Show(OfKind(EventKinds.Hypercall, "hypercalls"), record, took);
        Count("hypercalls made", 1, "calls");
        if (name == "HALT") vcpu.Halt(last);
        else if (name == "NEW_PGTABLE" && record.FindNumbers(nameof(HypercallEvent.Arguments)) is [var directory, ..]) Switch(directory);
    }

    /// <summary>The guest's kernel runs another program: each has a page directory of its own.</summary>
    private void Switch(uint directory)
    {
        if (process is not null) exporter.EndSlice(process, last);
        processes ??= Below("processes");
        long key = directories.Count < MostDirectories || directories.ContainsKey(directory) ? directory : -1;
        if (!directories.TryGetValue(key, out process))
            directories.Add(key, process = exporter.AddTrack(guest, processes, key < 0 ? "other page directories" : $"page directory 0x{directory:x8}", TrackKind.Slices));
        exporter.BeginSlice(process, last, "running");
    }

    private void AddBuffer(EventRecord record)
    {
        string device = record.FindText(nameof(VirtqueueEvent.Device)) ?? "no device";
        long queue = record.FindNumber(nameof(VirtqueueEvent.Queue)) ?? 0, head = record.FindNumber(nameof(VirtqueueEvent.Head)) ?? 0;
        if (!queues.TryGetValue((device, queue), out BufferLanes? lanes)) queues.Add((device, queue), lanes = new BufferLanes());
        int bytes = record.FindBytes(nameof(VirtqueueEvent.Data)).Length;
        if (bytes != 0) Count($"{device} bytes", bytes, "bytes");
        if (record.FindText(nameof(VirtqueueEvent.Operation)) == nameof(VirtqueueOperation.Taken))
        {
            if (lanes.Take(head, MostLanes) is not { } lane)
            {
                exporter.Instant(Device(device), last, $"queue {queue} taken", record);
                return;
            }
            Track track = lanes.TrackOf(lane, () => exporter.AddTrack(guest, Device(device), $"{device} queue {queue}", TrackKind.Slices));
            exporter.BeginSlice(track, last, bytes == 0 ? "buffer" : $"{bytes} bytes", record);
        }
        else
        {
            if (lanes.Return(head) is { } track) exporter.EndSlice(track, last);
            exporter.Instant(Device(device), last, $"queue {queue} returned", record);
        }
    }

    private void CloseAll()
    {
        if (first < 0) return;
        vcpu.Close(last);
        if (process is not null) exporter.EndSlice(process, last);
        process = null;
        foreach (BufferLanes lanes in queues.Values)
            foreach (Track track in lanes.Clear()) exporter.EndSlice(track, last);
        foreach (CounterTrack counter in counters.Values) counter.Show(exporter, last);
    }

    /// <summary>A slice if it is known how long it took, else an instant.</summary>
    private void Show(Track track, EventRecord record, long took)
    {
        if (took <= 0)
        {
            exporter.Instant(track, last, EventNames.Of(record), record);
            return;
        }
        exporter.BeginSlice(track, last - took, EventNames.Of(record), record);
        exporter.EndSlice(track, last);
    }

    private void Count(string name, long more, string unit)
    {
        if (!counters.TryGetValue(name, out CounterTrack? counter)) counters.Add(name, counter = new CounterTrack(exporter.AddTrack(guest, whole, name, TrackKind.Counter, unit)));
        counter.Value += more;
        if (last - counter.ShownAt >= CounterPeriod || counter.ShownAt == 0) counter.Show(exporter, last);
    }

    private Track OfKind(EventKinds kind, string name) => byKind.TryGetValue(kind, out Track? track) ? track : byKind[kind] = Below(name);

    private Track Device(string name) => byDevice.TryGetValue(name, out Track? track) ? track : byDevice[name] = Below(name);

    private Track Below(string name) => exporter.AddTrack(guest, whole, name, TrackKind.Slices);

    private sealed class CounterTrack(Track track)
    {
        private long shown = -1;

        public long Value { get; set; }

        public long ShownAt { get; private set; }

        public void Show(TimelineExporter exporter, long time)
        {
            if (shown == Value) return;
            (ShownAt, shown) = (time, Value);
            exporter.Counter(track, time, Value);
        }
    }
}
