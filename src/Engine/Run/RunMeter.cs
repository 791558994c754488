using System.Diagnostics;
using LguestPS.Cpu;
using LguestPS.Events;
using LguestPS.Machines;

namespace LguestPS.Run;

/// <summary>Counts what happens in a guest and where the host's time goes, without making an event.</summary>
/// <remarks>
/// Time is charged in one chain of readings, so it adds up: what passes up to a hypercall, trap or interrupt being dealt
/// with is its own, and so is what passes from there until the vCPU is entered again or the next one is dealt with.
/// </remarks>
internal sealed class RunMeter : IEventMeter
{
    // Places in the tallies.
    private const int Overhead = 0;
    private const int InCpu = 1;
    private const int Idle = 2;
    private const int FirstTrap = 3;
    private const int DeviceMemory = FirstTrap + 256;
    private const int Ports = DeviceMemory + 1;
    private const int FirstInterrupt = Ports + 1;
    private const int FirstDevice = FirstInterrupt + InterruptController.Irqs;

    // Each has a place for every device.
    private static readonly EventKinds[] TransferKinds = [EventKinds.Dma, EventKinds.Kick, EventKinds.Virtqueue];

    private readonly Guest guest;
    private readonly IReadOnlyList<string> devices;
    private readonly int firstHypercall;
    private readonly Tally[] tallies;
    private long mark;
    private int current;
    private bool isRunning;
    private TimeSpan guestTime, guestTimeBefore;
    private long? instructions = 0, instructionsBefore;
    private readonly long[] directTraps = new long[DirectTraps.Vectors.Length];

    public RunMeter(Guest guest)
    {
        this.guest = guest;
        devices = guest.Devices.Names;
        firstHypercall = FirstDevice + TransferKinds.Length * (devices.Count + 1);       // the one more is for what belongs to no device
        tallies = new Tally[firstHypercall + 2 * ((int)guest.Abi.Hypercalls[^1].Number + 1)];
    }

    /// <summary>The guest goes on.</summary>
    public void Resume()
    {
        (guestTimeBefore, instructionsBefore) = (guest.GuestTime, guest.InstructionCount);
        AddDirectTraps(-1);
        isRunning = true;
        current = Overhead;
        mark = Stopwatch.GetTimestamp();
    }

    /// <summary>The guest stands still, and what its driver does now is not its time.</summary>
    public void Pause()
    {
        Charge(current);
        isRunning = false;
        guestTime += guest.GuestTime - guestTimeBefore;
        instructions += guest.InstructionCount - instructionsBefore;
        AddDirectTraps(1);
    }

    /// <summary>The host is about to enter the vCPU, or to sleep.</summary>
    public void Handled() => Charge(current);

    /// <summary>The vCPU came out.</summary>
    public void Exited() => Leave(InCpu);

    /// <summary>A halted guest's sleep is over.</summary>
    public void Idled() => Leave(Idle);

    public void Done(Hypercall call) => Count(PlaceOf(call.Number, call.Origin));

    public void Trapped(byte vector, TrapOutcome outcome) => Count(outcome switch
    {
        TrapOutcome.DeviceAccessed => DeviceMemory,
        TrapOutcome.PortAccessed => Ports,
        _ => FirstTrap + vector,
    });

    public void Interrupted(int irq) => Count(FirstInterrupt + irq);

    public void Served(string? device) => CountOf(EventKinds.Dma, device);

    public void Kicked(string? device) => CountOf(EventKinds.Kick, device);

    public void Returned(string device) => CountOf(EventKinds.Virtqueue, device);

    public RunSummary Summarise()
    {
        long ticks = tallies.Sum(tally => tally.Ticks);
        double seconds = Time(ticks).TotalSeconds;
        return new RunSummary
        {
            Guest = guest.Name,
            GuestTime = isRunning ? guestTime + guest.GuestTime - guestTimeBefore : guestTime,
            Instructions = isRunning ? instructions + guest.InstructionCount - instructionsBefore : instructions,
            RunTime = Time(ticks),
            CpuTime = Time(tallies[InCpu].Ticks),
            IdleTime = Time(tallies[Idle].Ticks),
            HostTime = Time(ticks - tallies[InCpu].Ticks - tallies[Idle].Ticks),
            NoProgress = guest.NoProgress,
            Reboots = guest.Reboots,
            DroppedFrames = guest.Networks.Sum(network => network.DroppedCount),
            Rows = [.. Rows(seconds)],
        };
    }

    private IEnumerable<SummaryRow> Rows(double seconds)
    {
        foreach (HypercallDefinition call in guest.Abi.Hypercalls)
        {
            foreach (HypercallOrigin origin in (HypercallOrigin[])[HypercallOrigin.Trap, HypercallOrigin.Ring])
                if (Row(EventKinds.Hypercall, call.Name, origin, PlaceOf(call.Number, origin), seconds) is { } row) yield return row;
        }
        for (int vector = 0; vector <= byte.MaxValue; vector++)
            if (Row(EventKinds.Trap, Vector.Name((byte)vector), origin: null, FirstTrap + vector, seconds) is { } row) yield return row;
        foreach ((int place, string name) in ((int, string)[])[(DeviceMemory, "device memory"), (Ports, "ports")])
            if (Row(EventKinds.Trap, name, origin: null, place, seconds) is { } row) yield return row;
        for (int i = 0; i < directTraps.Length; i++)
        {
            long count = directTraps[i] + (isRunning ? guest.Cpu.CountDirectTraps(DirectTraps.Vectors[i]) : 0);
            if (count != 0) yield return new SummaryRow { Kind = EventKinds.Trap, IsDirect = true, Name = Vector.Name(DirectTraps.Vectors[i]), Count = count, PerSecond = PerSecond(count, seconds) };
        }
        for (int irq = 0; irq < InterruptController.Irqs; irq++)
            if (Row(EventKinds.Interrupt, $"irq {irq}", origin: null, FirstInterrupt + irq, seconds) is { } row) yield return row;
        for (int kind = 0; kind < TransferKinds.Length; kind++)
        {
            for (int device = 0; device <= devices.Count; device++)
            {
                string name = device < devices.Count ? devices[device] : TransferKinds[kind] == EventKinds.Kick ? "early console" : "no device";
                if (Row(TransferKinds[kind], name, origin: null, FirstDevice + kind * (devices.Count + 1) + device, seconds) is { } row) yield return row;
            }
        }
    }

    private SummaryRow? Row(EventKinds kind, string name, HypercallOrigin? origin, int place, double seconds)
    {
        Tally tally = tallies[place];
        return tally.Count == 0 ? null : new SummaryRow
        {
            Kind = kind, Name = name, Origin = origin, Count = tally.Count,
            PerSecond = PerSecond(tally.Count, seconds),
            HostTime = Time(tally.Ticks),
        };
    }

    private static double PerSecond(long count, double seconds) => seconds > 0 ? count / seconds : 0;

    /// <summary>Counts those of the vCPU's whole life: taken away at the start of a run, added at its end.</summary>
    private void AddDirectTraps(int sign)
    {
        for (int i = 0; i < directTraps.Length; i++) directTraps[i] += sign * guest.Cpu.CountDirectTraps(DirectTraps.Vectors[i]);
    }

    private void CountOf(EventKinds kind, string? device)
    {
        int index = 0;
        while (index < devices.Count && devices[index] != device) index++;
        Count(FirstDevice + Array.IndexOf(TransferKinds, kind) * (devices.Count + 1) + index);
    }

    private int PlaceOf(uint hypercall, HypercallOrigin origin) => firstHypercall + 2 * (int)hypercall + (int)origin;

    private void Count(int place)
    {
        Charge(place);
        tallies[place].Count++;
        current = place;
    }

    private void Leave(int place)
    {
        Charge(place);
        current = Overhead;
    }

    private void Charge(int place)
    {
        long now = Stopwatch.GetTimestamp();
        tallies[place].Ticks += now - mark;
        mark = now;
    }

    private static TimeSpan Time(long ticks) => Stopwatch.GetElapsedTime(0, ticks);

    private struct Tally
    {
        public long Count;
        public long Ticks;
    }
}
