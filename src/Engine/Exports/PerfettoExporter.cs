using System.Runtime.InteropServices;

namespace LguestPS.Exports;

/// <summary>Writes a Perfetto trace (perfetto.dev/docs/reference/trace-packet-proto): names are written once and then referred to.</summary>
internal sealed class PerfettoExporter(Stream output, TimeAxis axis) : TimelineExporter(axis)
{
    private const int Sequence = 1;
    private const int MostNames = 4096;

    private readonly ProtobufWriter proto = new(output);
    private readonly Dictionary<string, int> eventNames = [];
    private readonly Dictionary<string, int> detailNames = [];
    private bool isBegun;

    protected override void Define(Track track)
    {
        BeginPacket();
        proto.Begin(Packet.TrackDescriptor);
        proto.Number(Descriptor.Uuid, track.Id);
        if (track.Parent is { } parent) proto.Number(Descriptor.ParentUuid, parent.Id);
        switch (track.Kind)
        {
            case TrackKind.Guest:
                proto.Begin(Descriptor.Process);
                proto.Number(Process.Pid, track.Guest);
                proto.Text(Process.Name, track.Name);
                proto.End();
                proto.Number(Descriptor.ChildOrdering, Descriptor.Chronological);
                break;
            case TrackKind.Counter:
                proto.Text(Descriptor.Name, track.Name);
                proto.Begin(Descriptor.Counter);
                proto.Text(CounterDescriptor.UnitName, track.Unit);
                proto.End();
                break;
            default:
                proto.Text(Descriptor.Name, track.Name);
                break;
        }
        proto.End();
        proto.End();
    }

    public override void BeginSlice(Track track, long time, string name, EventRecord? details = null) => WriteEvent(track, time, TrackEvent.SliceBegin, name, details);

    public override void EndSlice(Track track, long time) => WriteEvent(track, time, TrackEvent.SliceEnd, name: null, details: null);

    public override void Instant(Track track, long time, string name, EventRecord details) => WriteEvent(track, time, TrackEvent.Instant, name, details);

    public override void Counter(Track track, long time, long value)
    {
        BeginPacket();
        proto.Number(Packet.Timestamp, time);
        proto.Begin(Packet.TrackEvent);
        proto.Number(TrackEvent.Type, TrackEvent.CounterType);
        proto.Number(TrackEvent.TrackUuid, track.Id);
        proto.Number(TrackEvent.CounterValue, value);
        proto.End();
        proto.End();
    }

    protected override void EndEvent()
    {
    }

    protected override void FinishFile() => proto.Flush();

    private void WriteEvent(Track track, long time, long type, string? name, EventRecord? details)
    {
        int nameId = name is null ? 0 : Intern(eventNames, name, InternedData.EventNames);
        if (details is not null) InternDetails(details);
        BeginPacket();
        proto.Number(Packet.Timestamp, time);
        proto.Begin(Packet.TrackEvent);
        proto.Number(TrackEvent.Type, type);
        proto.Number(TrackEvent.TrackUuid, track.Id);
        if (nameId > 0) proto.Number(TrackEvent.NameIid, nameId);
        else if (name is not null) proto.Text(TrackEvent.Name, DetailText.Cut(name));
        if (details is not null) WriteDetails(details);
        proto.End();
        proto.End();
    }

    private void WriteDetails(EventRecord record)
    {
        proto.Begin(TrackEvent.DebugAnnotations);
        proto.Number(Annotation.NameIid, detailNames[nameof(LguestEvent.Sequence)]);
        proto.Number(Annotation.UnsignedValue, record.Sequence);
        proto.End();
        foreach (ref readonly RecordedField field in record.Fields)
        {
            if (!DetailText.IsShown(field)) continue;
            proto.Begin(TrackEvent.DebugAnnotations);
            proto.Number(Annotation.NameIid, detailNames[field.Field.Name]);
            switch (field.Kind)
            {
                case RecordedKind.Number:
                    proto.Number(DetailText.IsHex(field.Field) ? Annotation.PointerValue : Annotation.SignedValue, field.Number);
                    break;
                case RecordedKind.Flag:
                    proto.Number(Annotation.BoolValue, field.Number);
                    break;
                case RecordedKind.Text:
                    proto.Text(Annotation.StringValue, DetailText.Cut(field.Text!));
                    break;
                case RecordedKind.Numbers:
                    proto.Text(Annotation.StringValue, DetailText.Numbers(record.NumbersOf(field)));
                    break;
                case RecordedKind.Bytes:
                    proto.Text(Annotation.StringValue, DetailText.Bytes(record.BytesOf(field)));
                    break;
                default:
                    proto.Number(Annotation.SignedValue, field.Number);
                    break;
            }
            proto.End();
        }
    }

    /// <summary>The names of fields are few, so all of them have numbers.</summary>
    private void InternDetails(EventRecord record)
    {
        Intern(detailNames, nameof(LguestEvent.Sequence), InternedData.DetailNames);
        foreach (ref readonly RecordedField field in record.Fields) Intern(detailNames, field.Field.Name, InternedData.DetailNames);
    }

    /// <returns>The number of a name; 0 if there are too many: a guest chooses some.</returns>
    private int Intern(Dictionary<string, int> names, string name, int field)
    {
        if (names.Count >= MostNames) return names.GetValueOrDefault(name);
        ref int id = ref CollectionsMarshal.GetValueRefOrAddDefault(names, name, out bool isKnown);
        if (isKnown) return id;
        id = names.Count;
        int given = id;
        BeginPacket();
        proto.Begin(Packet.InternedData);
        proto.Begin(field);
        proto.Number(InternedData.Iid, given);
        proto.Text(InternedData.Name, DetailText.Cut(name));
        proto.End();
        proto.End();
        proto.End();
        return given;
    }

    private void BeginPacket()
    {
        proto.Begin(Packet.InTrace);
        proto.Number(Packet.SequenceId, Sequence);
        proto.Number(Packet.SequenceFlags, isBegun ? Packet.NeedsState : Packet.StateCleared | Packet.NeedsState);
        isBegun = true;
    }

    // The numbers of the fields, by message.
    private static class Packet
    {
        public const int InTrace = 1, Timestamp = 8, SequenceId = 10, TrackEvent = 11, InternedData = 12, SequenceFlags = 13, TrackDescriptor = 60;
        public const long StateCleared = 1, NeedsState = 2;
    }

    private static class Descriptor
    {
        public const int Uuid = 1, Name = 2, Process = 3, ParentUuid = 5, Counter = 8, ChildOrdering = 11;
        public const long Chronological = 2;
    }

    private static class Process
    {
        public const int Pid = 1, Name = 6;
    }

    private static class CounterDescriptor
    {
        public const int UnitName = 6;
    }

    private static class TrackEvent
    {
        public const int DebugAnnotations = 4, Type = 9, NameIid = 10, TrackUuid = 11, Name = 23, CounterValue = 30;
        public const long SliceBegin = 1, SliceEnd = 2, Instant = 3, CounterType = 4;
    }

    private static class Annotation
    {
        public const int NameIid = 1, BoolValue = 2, UnsignedValue = 3, SignedValue = 4, StringValue = 6, PointerValue = 7;
    }

    private static class InternedData
    {
        public const int EventNames = 2, DetailNames = 3;
        public const int Iid = 1, Name = 2;     // of both
    }
}
