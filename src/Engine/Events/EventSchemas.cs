using System.Numerics;
using LguestPS.Abi;
using static LguestPS.Events.FieldTypes;
using static LguestPS.Events.Outputs;

namespace LguestPS.Events;

/// <summary>What each kind of event consists of. Checkpoints and recordings, JSON lines, traces, and the types and views of PowerShell follow from these tables.</summary>
/// <remarks>
/// A new kind is a flag of <see cref="EventKinds"/>, a record, and a table here; a new field is a property and a row.
/// The rows are in the order of the files: a stored row that is added or moved makes a new version of those.
/// In the lines of traces <c>{Eip}</c> stands for a field. <c>{Result: = *}</c> is left out if the field is empty; else the value
/// takes the place of the asterisk. <c>{Device|key {Key}}</c> says what stands there if the field is empty.
/// </remarks>
internal static class EventSchemas
{
    public static readonly Schema<LguestEvent> Header = new Schema<LguestEvent>()
        .Derived("Sequence", e => e.Sequence, Long)
        .Derived("Kind", e => e.Kind, Name<EventKinds>("the kind of an event"), Lines | Traces)
        .Derived("Guest", e => e.Guest, Text, Lists | Traces)
        .Derived("GuestTime", e => e.GuestTime, Span)
        .Derived("HostTime", e => e.HostTime, Instant, Lists | Traces)
        .Derived("HostDuration", e => e.HostDuration, Span, Traces)
        .Derived("Summary", e => e.Summary, Text, None);

    public static readonly EventSchema<HypercallEvent> Hypercall = new(
        EventKinds.Hypercall,
        "{Slot:ring }{Name}",
        "{Slot:ring[*] }{Name}({Arguments}){Result: = *}",
        new Schema<HypercallEvent>()
            .Stored("Call", e => e.Call, Call, None)
            .Derived("Name", e => e.Name, Text)
            .Derived("Number", e => e.Number, Count)
            .Derived("Arguments", e => e.Arguments, Words)
            .Derived("Decoded", e => e.Decoded, Text, Lists | Traces)
            .Derived("Origin", e => e.Origin, Name<HypercallOrigin>("an origin"))
            .Derived("Slot", e => e.Slot, OptionalInt)
            .Stored("Result", e => e.Result, OptionalAddress)
            .Stored("PointedAt", e => e.PointedAt, OptionalBytes, None)
            .Derived("Eip", e => e.Eip, Address)
            .Derived("Symbol", e => e.Symbol, OptionalText));

    public static readonly Schema<DmaSection> Section = new Schema<DmaSection>()
        .Stored("Address", s => s.Address, Address)
        .Stored("Length", s => s.Length, Int)
        .Stored("Data", s => s.Data, Content);

    public static readonly EventSchema<DmaEvent> Dma = new(
        EventKinds.Dma,
        "{Device|key {Key}} {Direction}",
        "{Device|key {Key}} {Direction} {Data}",
        new Schema<DmaEvent>()
            .Stored("Direction", e => e.Direction, Name<DmaDirection>("a direction"))
            .Stored("Key", e => e.Key, Address)
            .Stored("Address", e => e.Address, Address)
            .Stored("Device", e => e.Device, OptionalText)
            .Stored("UsedLength", e => e.UsedLength, OptionalCount)
            .Stored("Sections", e => e.Sections, List(Section, _ => DmaLayout.Sections, "the number of sections"))
            .Derived("Data", e => e.Data, Content, Lists | Traces)
            .Derived("Text", e => e.Text, Text, Lines | Lists));

    public static readonly EventSchema<KickEvent> Kick = new(
        EventKinds.Kick,
        "{Device|no device} {Purpose}{Queue: *}",
        "{Device|no device} {Purpose}{Queue: *}{Status: *}{Data: *}",
        new Schema<KickEvent>()
            .Stored("Purpose", e => e.Purpose, Name<KickPurpose>("the purpose of a kick"))
            .Stored("Address", e => e.Address, Address)
            .Stored("Device", e => e.Device, OptionalText)
            .Stored("Queue", e => e.Queue, OptionalInt)
            .Stored("Status", e => e.Status, OptionalHexUInt8)
            .Stored("Data", e => e.Data, OptionalBytes, None)
            .Derived("Text", e => e.Text, OptionalText));

    public static readonly Schema<VirtqueueDescriptor> Descriptor = new Schema<VirtqueueDescriptor>()
        .Stored("Address", d => d.Address, Address)
        .Stored("Length", d => d.Length, Int)
        .Stored("IsWritable", d => d.IsWritable, Flag)
        .Stored("Data", d => d.Data, Content);

    public static readonly EventSchema<VirtqueueEvent> Virtqueue = new(
        EventKinds.Virtqueue,
        "{Device} queue {Queue} {Operation}",
        "{Device} queue {Queue} {Operation} {Data}{UsedLength: used *}",
        new Schema<VirtqueueEvent>()
            .Stored("Operation", e => e.Operation, Name<VirtqueueOperation>("what a device does with a buffer"))
            .Stored("Device", e => e.Device, Text)
            .Stored("Queue", e => e.Queue, Int)
            .Stored("Head", e => e.Head, Int)
            .Stored("UsedLength", e => e.UsedLength, OptionalCount)
            // Each takes some bytes, so what is left bounds their number.
            .Stored("Descriptors", e => e.Descriptors, List(Descriptor, state => state.Left, "the number of descriptors"))
            .Derived("Data", e => e.Data, Content, Lists | Traces)
            .Derived("Text", e => e.Text, Text, Lines | Lists));

    public static readonly Schema<RegisterAccess> Access = new Schema<RegisterAccess>()
        .Stored("Device", a => a.Device, OptionalText)
        .Stored("Register", a => a.Register, OptionalText)
        .Stored("Port", a => a.Port, OptionalAddress)
        .Stored("PhysicalAddress", a => a.PhysicalAddress, OptionalAddress)
        .Stored("IsWrite", a => a.IsWrite, Flag)
        .Stored("Width", a => a.Width, Small)
        .Stored("Value", a => a.Value, OptionalAddress);

    public static readonly EventSchema<TrapEvent> Trap = new(
        EventKinds.Trap,
        "{Name}{Port: port *}{Device: *}{Register: *}",
        "{Name}{ErrorCode: error *}{Address: at *} from ring {PrivilegeLevel} eip {Eip} {Outcome}{Access: *}",
        new Schema<TrapEvent>()
            .Stored("Vector", e => e.Vector, UInt8)
            .Derived("Name", e => e.Name, Text)
            .Stored("ErrorCode", e => e.ErrorCode, OptionalAddress)
            .Stored("Address", e => e.Address, OptionalAddress)
            .Stored("Eip", e => e.Eip, Address)
            .Derived("Symbol", e => e.Symbol, OptionalText)
            .Stored("PrivilegeLevel", e => e.PrivilegeLevel, Small)
            .Stored("Outcome", e => e.Outcome, Name<TrapOutcome>("an outcome"))
            .Stored("Accessed", e => e.Accessed, Optional(Access), None)
            .Derived("Access", e => e.Access, OptionalText, Lists | Traces)
            .Derived("Device", e => e.Device, OptionalText)
            .Derived("Register", e => e.Register, OptionalText)
            .Derived("Port", e => e.Port, OptionalAddress)
            .Derived("PhysicalAddress", e => e.PhysicalAddress, OptionalAddress)
            .Derived("IsWrite", e => e.IsWrite, OptionalFlag)
            .Derived("Width", e => e.Width, OptionalInt)
            .Derived("Value", e => e.Value, OptionalAddress));

    public static readonly EventSchema<InterruptEvent> Interrupt = new(
        EventKinds.Interrupt,
        "irq {Irq}",
        "irq {Irq}",
        new Schema<InterruptEvent>()
            .Stored("Irq", e => e.Irq, Small)
            .Derived("Vector", e => e.Vector, HexUInt8)
            .Stored("Eip", e => e.Eip, Address)
            .Derived("Symbol", e => e.Symbol, OptionalText));

    public static readonly Schema<InterventionChange> Change = new Schema<InterventionChange>()
        .Stored("Target", c => c.Target, Text)
        .Stored("PhysicalAddress", c => c.PhysicalAddress, OptionalAddress, key: "address")
        .Stored("From", c => c.From, Bytes)
        .Stored("To", c => c.To, Bytes);

    public static readonly EventSchema<InterventionEvent> Intervention = new(
        EventKinds.Intervention,
        "Intervention: {Summary}",
        "Intervention: {Summary}",
        new Schema<InterventionEvent>()
            .Stored("Operation", e => e.Operation, Name<InterventionOperation>("an operation"))
            .Stored("By", e => e.By, Text)
            .Stored("Eip", e => e.Eip, Address)
            .Stored("Call", e => e.Call, OptionalText)
            .Stored("Result", e => e.Result, OptionalAddress)
            // Each takes some bytes, so what is left bounds their number.
            .Stored("Changes", e => e.Changes, List(Change, state => state.Left, "the number of changes"))
            .Derived("Symbol", e => e.Symbol, OptionalText));

    public static readonly EventSchema<GuestRebootedEvent> Rebooted = new(
        EventKinds.Rebooted,
        "reboot {Reboots}{By: by *}",
        "reboot {Reboots}{By: by *}",
        new Schema<GuestRebootedEvent>()
            .Stored("Reboots", e => e.Reboots, Long)
            .Stored("By", e => e.By, OptionalText)
            .Stored("Eip", e => e.Eip, Address)
            .Derived("Symbol", e => e.Symbol, OptionalText));

    public static readonly EventSchema<GuestEndedEvent> Ended = new(
        EventKinds.Ended,
        "ended: {Reason}",
        "ended: {Reason}",
        new Schema<GuestEndedEvent>()
            .Stored("Ending", e => e.Ending, Name<EndingKind>("an ending"))
            .Stored("Reason", e => e.Reason, Text)
            .Stored("Eip", e => e.Eip, Address)
            .Derived("Symbol", e => e.Symbol, OptionalText));

    public static readonly IReadOnlyList<EventSchema> All = [Hypercall, Dma, Kick, Virtqueue, Trap, Interrupt, Intervention, Rebooted, Ended];

    private static readonly EventSchema?[] ByFlag = new EventSchema?[32];

    static EventSchemas()
    {
        foreach (EventSchema schema in All) ByFlag[BitOperations.Log2((uint)schema.Kind)] = schema;
    }

    /// <summary>The schema of a kind; null if <paramref name="kind"/> is not one kind.</summary>
    public static EventSchema? Find(EventKinds kind) => BitOperations.IsPow2((uint)kind) ? ByFlag[BitOperations.Log2((uint)kind)] : null;

    public static EventSchema Of(LguestEvent happened) => Find(happened.Kind)!;
}
