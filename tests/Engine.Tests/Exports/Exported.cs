using System.Text;
using LguestPS.Abi;
using LguestPS.Events;
using LguestPS.Exports;

namespace LguestPS.Tests.Exports;

/// <summary>Events of a guest that may say anything, and what exporters make of them.</summary>
internal static class Exported
{
    /// <summary>What a hostile guest might write to hurt whoever looks at it.</summary>
    public const string Hostile = "=1+1,\"quoted\"\r\n</script><!--\u0000\u001b[31m\u202e\uFFFD{\"a\":\\";

    private static readonly DateTime Begin = new(2007, 10, 9, 20, 31, 38, DateTimeKind.Utc);

    private static AbiProfile Profile => AbiProfile.All.Single(profile => profile.Name == AbiProfile.DefaultName);

    public static byte[] Of(ExportFormat format, params IEnumerable<LguestEvent> events) => Of(format, TimeAxis.Guest, events);

    public static byte[] Of(ExportFormat format, TimeAxis axis, params IEnumerable<LguestEvent> events)
    {
        using MemoryStream output = new();
        EventExporter exporter = EventExporter.Create(format, output, axis);
        foreach (LguestEvent happened in events) exporter.Write(happened);
        exporter.Finish();
        return output.ToArray();
    }

    public static string TextOf(ExportFormat format, params IEnumerable<LguestEvent> events) => new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Of(format, events));

    public static HypercallEvent Call(long sequence, uint number, uint argument = 0, string guest = "g", int host = 0) => new()
    {
        Header = Header(sequence, guest, host), Call = new Hypercall(Profile.FindCall(number), number, (argument, 0, 0, 0), null, 0xC0001234, null), Result = null,
    };

    public static InterruptEvent Interrupt(long sequence, int irq = 0) => new() { Header = Header(sequence), Irq = irq, Eip = 0xC0001000 };

    public static DmaEvent Dma(long sequence, byte[] data, string device = "console", DmaDirection direction = DmaDirection.Send, string guest = "g") => new()
    {
        Header = Header(sequence, guest), Direction = direction, Key = 0, Address = 0x1000, Device = device, UsedLength = (uint)data.Length, Sections = [new DmaSection(0x2000, data.Length, data)],
    };

    public static VirtqueueEvent Buffer(long sequence, VirtqueueOperation operation, int head, string device = "block0", int queue = 0, params byte[][] pieces) => new()
    {
        Header = Header(sequence), Operation = operation, Device = device, Queue = queue, Head = head, UsedLength = operation == VirtqueueOperation.Returned ? 1u : null,
        Descriptors = [.. pieces.Select((piece, i) => new VirtqueueDescriptor((uint)(0x1000 * i), piece.Length, operation == VirtqueueOperation.Returned, piece))],
    };

    public static GuestEndedEvent Ended(long sequence, string reason = "Power down", EndingKind ending = EndingKind.PowerDown, string guest = "g") =>
        new() { Header = Header(sequence, guest), Ending = ending, Reason = reason, Eip = 0xC0001000 };

    /// <summary>Events that carry the guest's own texts wherever it can put them.</summary>
    public static LguestEvent[] HostileEvents() =>
    [
        Call(1, 4, 0x1000, Hostile),
        Dma(2, [.. Encoding.UTF8.GetBytes(Hostile), 0xFF, 0xC0, 0x80, 0xED, 0xA0, 0x80], guest: Hostile),
        Dma(3, [1, 2], Hostile, guest: Hostile),
        Ended(4, Hostile, EndingKind.Crashed, Hostile),
    ];

    private static EventHeader Header(long sequence, string guest = "g", int hostMicroseconds = 0) =>
        new(sequence, new EventOrigin(guest, Profile, Symbols: null), TimeSpan.FromMicroseconds(sequence), Begin.AddMicroseconds(10 * sequence), TimeSpan.FromMicroseconds(hostMicroseconds));
}
