using System.Text;

namespace LguestPS.Exports;

/// <summary>What an event is called on a timeline: short, and the same for events that are alike.</summary>
internal static class EventNames
{
    private const int LongestConsoleText = 120;

    public static string Of(EventRecord record) => record.Kind switch
    {
        EventKinds.Hypercall => record.FindText(nameof(HypercallEvent.Name)) ?? "hypercall",
        EventKinds.Dma => record.FindText(nameof(DmaEvent.Direction)) == nameof(DmaDirection.Receive) ? "receive" : "send",
        EventKinds.Kick => record.FindText(nameof(KickEvent.Purpose)) switch
        {
            nameof(KickPurpose.Queue) => record.FindNumber(nameof(KickEvent.Queue)) is { } queue ? $"kick queue {queue}" : "kick",
            nameof(KickPurpose.Status) => "status",
            _ => "early console",
        },
        EventKinds.Virtqueue => record.FindText(nameof(VirtqueueEvent.Operation)) == nameof(VirtqueueOperation.Taken) ? "taken" : "returned",
        EventKinds.Trap => TrapName(record),
        EventKinds.Interrupt => $"irq {record.FindNumber(nameof(InterruptEvent.Irq))}",
        EventKinds.Intervention => record.FindText(nameof(InterventionEvent.Operation)) ?? "intervention",
        EventKinds.Rebooted => "reboot",
        EventKinds.Ended => $"ended: {record.FindText(nameof(GuestEndedEvent.Reason))}",
        _ => record.Kind.ToString(),
    };

    /// <summary>What an event has written to the console; empty if it has not.</summary>
    public static ReadOnlySpan<byte> ConsoleBytes(EventRecord record) => record.Kind switch
    {
        EventKinds.Dma when IsConsole(record) && record.FindText(nameof(DmaEvent.Direction)) == nameof(DmaDirection.Send) => record.FindBytes(nameof(DmaEvent.Data)),
        EventKinds.Virtqueue when IsConsole(record) && record.FindText(nameof(VirtqueueEvent.Operation)) == nameof(VirtqueueOperation.Taken) => record.FindBytes(nameof(VirtqueueEvent.Data)),
        EventKinds.Kick when record.FindText(nameof(KickEvent.Text)) is { } text => Encoding.UTF8.GetBytes(text),
        _ => [],
    };

    /// <summary>The same on one line; null if there is none.</summary>
    public static string? ConsoleText(EventRecord record)
    {
        ReadOnlySpan<byte> written = ConsoleBytes(record);
        if (written.IsEmpty) return null;
        string quoted = QuotedText.Of(Encoding.UTF8.GetString(written), LongestConsoleText);
        return quoted[1..quoted.LastIndexOf('"')];
    }

    private static bool IsConsole(EventRecord record) => record.FindText(nameof(DmaEvent.Device)) == "console";

    private static string TrapName(EventRecord record)
    {
        string name = record.FindText(nameof(TrapEvent.Name)) ?? "trap";
        if (record.FindText(nameof(TrapEvent.Register)) is { } register)
            return $"{(IsWrite(record) ? "write" : "read")} {register} of {record.FindText(nameof(TrapEvent.Device)) ?? "no device"}";
        return record.FindNumber(nameof(TrapEvent.Port)) is { } port ? $"{(IsWrite(record) ? "write" : "read")} port 0x{port:x}" : name;
    }

    private static bool IsWrite(EventRecord record)
    {
        foreach (RecordedField field in record.Fields)
            if (field.Field.Name == nameof(TrapEvent.IsWrite)) return field.Number != 0;
        return false;
    }
}
