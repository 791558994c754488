using LguestPS.Events;

namespace LguestPS;

/// <summary>The kinds of event, and the value of <c>kind</c> in the launcher's JSON lines.</summary>
/// <remarks>This and the other enumerations of events are as wide as long because ConvertTo-Json writes the names of such ones, and numbers for others.</remarks>
[Flags]
public enum EventKinds : long
{
    None = 0,
    Hypercall = 1,
    Dma = 2,
    Trap = 4,
    Interrupt = 8,
    Ended = 16,
    Intervention = 32,
    Kick = 64,
    Virtqueue = 128,
    Rebooted = 256,
    All = Hypercall | Dma | Trap | Interrupt | Ended | Intervention | Kick | Virtqueue | Rebooted,
}

/// <summary>Something that happened in a guest. Immutable, and complete in itself: it holds copies, never guest memory.</summary>
public abstract record LguestEvent
{
    /// <summary>Which kind this is; exactly one flag.</summary>
    public abstract EventKinds Kind { get; }

    /// <summary>Position among everything that happened in this guest, from 1. Filtered-out events count too, so a filter leaves gaps.</summary>
    public long Sequence => Header.Sequence;

    /// <summary>Name of the guest.</summary>
    public string Guest => Header.Guest;

    /// <summary>Guest time since the guest was started, by the clock the guest runs on.</summary>
    public TimeSpan GuestTime => Header.GuestTime;

    /// <summary>The last place in the run before it, where what it is about is still to be done.</summary>
    public RunPosition Position => RunPosition.BeforeEvent(Sequence, GuestTime);

    /// <summary>Host wall-clock time (UTC) at which it happened.</summary>
    public DateTime HostTime => Header.HostTime;

    /// <summary>Host time that it took: from the exit of the vCPU, or from the event before it if that is later, until it was done. Zero if that is not known, as in a recording.</summary>
    public TimeSpan HostDuration => Header.HostDuration;

    /// <summary>What every event has, whatever its kind.</summary>
    internal EventHeader Header { get; init; }

    /// <summary>What happened, in one line, without sequence, guest and time.</summary>
    public abstract string Summary { get; }

    /// <summary>Whether the guest wrote to its console with it.</summary>
    internal virtual bool WritesToConsole => false;

    /// <summary>What a line shows of it after its summary: text from or for the console; null for other events.</summary>
    internal virtual string? ShownText => null;

    /// <summary>An address as a line shows it.</summary>
    private protected static string Shown(uint eip, string? symbol) => symbol is null ? $"eip 0x{eip:x8}" : $"eip 0x{eip:x8} <{symbol}>";

    public sealed override string ToString() => $"{Sequence} {Summary}";
}
