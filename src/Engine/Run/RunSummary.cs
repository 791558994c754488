using System.Globalization;
using System.Text;

namespace LguestPS;

/// <summary>How often one thing happened in a guest, and what it cost the host.</summary>
public sealed record SummaryRow
{
    /// <summary>What it is: Hypercall, Trap, Interrupt, Dma, Kick or, for buffers that a device gave back, Virtqueue.</summary>
    public required EventKinds Kind { get; init; }

    /// <summary>The hypercall, the trap (#PF; or what an instruction reached: device memory, ports), the virtual interrupt (irq 0) or the device.</summary>
    public required string Name { get; init; }

    /// <summary>For a hypercall whether it came by the trap instruction or through the ring; else null.</summary>
    public HypercallOrigin? Origin { get; init; }

    /// <summary>For a trap, whether the guest got it without the engine (<see cref="Guest.DirectTrapCount"/>).</summary>
    public bool IsDirect { get; init; }

    public required long Count { get; init; }

    /// <summary><see cref="Count"/> for each second of <see cref="RunSummary.RunTime"/>.</summary>
    public required double PerSecond { get; init; }

    /// <summary>Host time from the exit of the vCPU to its next entry, as far as this was the reason.</summary>
    public TimeSpan HostTime { get; init; }

    /// <summary>Host time for each.</summary>
    public TimeSpan MeanTime => HostTime / Count;

    public override string ToString() => $"{Count} {Name}{(Origin == HypercallOrigin.Ring ? " (ring)" : IsDirect ? " (direct)" : "")}";
}

/// <summary>What happened in a guest's runs, in numbers.</summary>
public sealed record RunSummary
{
    /// <summary>Name of the guest.</summary>
    public required string Guest { get; init; }

    /// <summary>Guest time that passed in these runs.</summary>
    public required TimeSpan GuestTime { get; init; }

    /// <summary>Instructions of the guest; null on KVM, which cannot count them.</summary>
    public required long? Instructions { get; init; }

    /// <summary>Host time of these runs, without what those did who took the events: <see cref="CpuTime"/>, <see cref="HostTime"/> and <see cref="IdleTime"/> together.</summary>
    public required TimeSpan RunTime { get; init; }

    /// <summary>Host time inside the vCPU.</summary>
    public required TimeSpan CpuTime { get; init; }

    /// <summary>Host time outside the vCPU, for hypercalls, traps, interrupts, devices and the run loop itself.</summary>
    public required TimeSpan HostTime { get; init; }

    /// <summary>Host time the halted guest slept.</summary>
    public required TimeSpan IdleTime { get; init; }

    /// <summary>A row for each thing that happened: hypercalls by number, traps by vector, interrupts, devices.</summary>
    public required SummaryRow[] Rows { get; init; }

    /// <summary>Frames that were sent to the guest and that it never got, since it was made.</summary>
    public required long DroppedFrames { get; init; }

    /// <summary>How often the guest was rebooted in place, since it was made.</summary>
    public required long Reboots { get; init; }

    /// <summary>Where the guest made no progress (<see cref="Guest.NoProgress"/>), or null.</summary>
    public string? NoProgress { get; init; }

    /// <summary>The summary as a table of several lines.</summary>
    public string Text
    {
        get
        {
            CultureInfo culture = CultureInfo.InvariantCulture;
            StringBuilder text = new();
            text.Append(culture, $"guest '{Guest}': {Seconds(GuestTime)} of guest time{(Instructions is { } count ? $", {count} instructions" : "")}\n");
            text.Append(culture, $"{Seconds(RunTime)} here: cpu {Seconds(CpuTime)}, host {Seconds(HostTime)}, idle {Seconds(IdleTime)}\n");
            if (NoProgress is not null) text.Append(culture, $"it {NoProgress}\n");
            if (Reboots != 0) text.Append(culture, $"it was rebooted {Reboots} {(Reboots == 1 ? "time" : "times")}\n");
            if (DroppedFrames != 0) text.Append(culture, $"{DroppedFrames} frames for it were dropped\n");
            text.Append(culture, $"{"",-15} {"",-16} {"count",9} {"per second",11} {"host ms",11} {"us each",10}\n");
            foreach (SummaryRow row in Rows)
            {
                string kind = row.Origin == HypercallOrigin.Ring ? "Hypercall, ring" : row.IsDirect ? "Trap, direct" : row.Kind.ToString();
                text.Append(culture, $"{kind,-15} {row.Name,-16} {row.Count,9} {row.PerSecond,11:0.0} {row.HostTime.TotalMilliseconds,11:0.000} {row.HostTime.TotalMicroseconds / row.Count,10:0.00}\n");
            }
            return text.ToString();
        }
    }

    public override string ToString() => $"{Guest}: {Rows.Sum(row => row.Count)} events in {Seconds(RunTime)}";

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.000} s");
}
