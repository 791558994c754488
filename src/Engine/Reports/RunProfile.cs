using LguestPS.Cpu;
using LguestPS.Exports;
using LguestPS.Events;

namespace LguestPS.Reports;

/// <summary>Sums a run up from its events as they come: nothing of it grows with their number.</summary>
internal sealed class RunProfile : EventExporter
{
    private const int Stretches = 4096;
    private const int MostNotable = 200;
    private const int MostDearest = 20;

    private readonly EventRecord record = new();
    private readonly Dictionary<string, DeviceTraffic> devices = [];
    private readonly List<(long Time, long Sequence, string What)> notable = [];
    private readonly PriorityQueue<(long Time, long Sequence, string What, TimeSpan Cost), long> dearest = new();
    private long haltedSince = -1;

    public RunProfile()
    {
        Hypercalls = new TallySet(Bins);
        Traps = new TallySet(Bins);
        Interrupts = new TallySet(Bins);
        PageFaults = new PageFaults(Bins);
        Halted = Bins.Add();
        Switches = Bins.Add();
        ConsoleBytes = Bins.Add();
    }

    public TimeBins Bins { get; } = new(Stretches);

    public string Guest { get; private set; } = "";

    /// <summary>Guest time of the last event, in nanoseconds.</summary>
    public long LastTime { get; private set; }

    public TallySet Hypercalls { get; }

    public TallySet Traps { get; }

    public TallySet Interrupts { get; }

    public PageFaults PageFaults { get; }

    public ConsoleLog Console { get; } = new();

    public TimeBins.Series Halted { get; }

    /// <summary>Changes of the page directory.</summary>
    public TimeBins.Series Switches { get; }

    public TimeBins.Series ConsoleBytes { get; }

    /// <summary>How the guest ended; null if it has not.</summary>
    public string? Ending { get; private set; }

    public IReadOnlyList<DeviceTraffic> Devices => [.. devices.Values.OrderBy(device => device.Name, StringComparer.Ordinal)];

    /// <summary>Reboots, what was done from outside, and the end.</summary>
    public IReadOnlyList<(long Time, long Sequence, string What)> Notable => notable;

    /// <summary>The events that cost the host most, dearest first.</summary>
    public IReadOnlyList<(long Time, long Sequence, string What, TimeSpan Cost)> Dearest => [.. dearest.UnorderedItems.OrderByDescending(item => item.Priority).Select(item => item.Element)];

    public override void Finish()
    {
        EndHalt(LastTime);
        _ = Bins.At(LastTime);
    }

    protected override IFieldSink Begin(EventSchema schema)
    {
        record.Clear(schema.Kind);
        return record;
    }

    protected override void End()
    {
        if (Guest.Length == 0) Guest = record.Guest;
        // Of several guests only the first is in the report.
        if (record.Guest != Guest) return;
        long time = LastTime = Math.Max(LastTime, record.GuestTime.Ticks * 100);
        int bin = Bins.At(time);
        if (record.Kind is EventKinds.Hypercall or EventKinds.Trap or EventKinds.Interrupt) EndHalt(time);
        AddConsole(time, bin);
        switch (record.Kind)
        {
            case EventKinds.Hypercall:
                AddHypercall(time, bin);
                break;
            case EventKinds.Trap:
                AddTrap(bin);
                break;
            case EventKinds.Interrupt:
                Interrupts[EventNames.Of(record)].Add(bin, record.HostDuration);
                break;
            case EventKinds.Dma:
                Device(record.FindText(nameof(DmaEvent.Device))).AddDma(record, bin);
                break;
            case EventKinds.Kick:
                Device(record.FindText(nameof(KickEvent.Device))).Kick();
                break;
            case EventKinds.Virtqueue:
                Device(record.FindText(nameof(VirtqueueEvent.Device))).AddBuffer(record, bin);
                break;
            default:
                if (notable.Count < MostNotable) notable.Add((time, record.Sequence, What()));
                if (record.Kind == EventKinds.Ended) Ending = record.FindText(nameof(GuestEndedEvent.Reason));
                break;
        }
        if (record.Kind is EventKinds.Hypercall or EventKinds.Trap) NoteCost(time);
    }

    private void AddHypercall(long time, int bin)
    {
        string name = EventNames.Of(record);
        bool isRing = record.FindText(nameof(HypercallEvent.Origin)) == nameof(HypercallOrigin.Ring);
        Hypercalls[isRing ? $"{name} (ring)" : name].Add(bin, record.HostDuration);
        if (name == "HALT") haltedSince = time;
        if (name == "NEW_PGTABLE") Switches.Add(bin, 1);
    }

    private void AddTrap(int bin)
    {
        string outcome = record.FindText(nameof(TrapEvent.Outcome)) ?? "";
        bool isAccess = outcome is nameof(TrapOutcome.DeviceAccessed) or nameof(TrapOutcome.PortAccessed);
        string name = isAccess ? outcome == nameof(TrapOutcome.DeviceAccessed) ? "device memory" : "ports" : record.FindText(nameof(TrapEvent.Name)) ?? "trap";
        Traps[name].Add(bin, record.HostDuration);
        if (!isAccess && record.FindNumber(nameof(TrapEvent.Vector)) == Vector.PageFault) PageFaults.Add(record, bin);
    }

    private void AddConsole(long time, int bin)
    {
        ReadOnlySpan<byte> written = EventNames.ConsoleBytes(record);
        if (written.IsEmpty) return;
        Console.Write(time, written);
        ConsoleBytes.Add(bin, written.Length);
    }

    private void EndHalt(long time)
    {
        if (haltedSince < 0) return;
        Bins.AddSpan(Halted, haltedSince, time);
        haltedSince = -1;
    }

    private void NoteCost(long time)
    {
        long cost = record.HostDuration.Ticks;
        if (cost == 0 || (dearest.Count == MostDearest && dearest.TryPeek(out _, out long least) && cost <= least)) return;
        dearest.Enqueue((time, record.Sequence, What(), record.HostDuration), cost);
        if (dearest.Count > MostDearest) dearest.Dequeue();
    }

    private string What() => record.Kind switch
    {
        EventKinds.Hypercall => $"{EventNames.Of(record)}({record.FindText(nameof(HypercallEvent.Decoded))})",
        EventKinds.Intervention => $"{record.FindText(nameof(InterventionEvent.By))}: {EventNames.Of(record)}",
        _ => EventNames.Of(record) + (record.FindText(nameof(TrapEvent.Symbol)) is { } symbol ? $" at {symbol}" : ""),
    };

    private DeviceTraffic Device(string? name)
    {
        string known = name ?? "no device";
        if (!devices.TryGetValue(known, out DeviceTraffic? device)) devices.Add(known, device = new DeviceTraffic(known, Bins));
        return device;
    }
}
