using System.Runtime.InteropServices;
using LguestPS.Events;

namespace LguestPS.Exports;

/// <summary>What kind of value a field of a record has.</summary>
internal enum RecordedKind
{
    None,
    Number,
    Flag,
    Text,
    Time,
    Instant,
    Numbers,
    Bytes,
    List,
}

/// <summary>One field of an event.</summary>
/// <param name="Field">Which.</param>
/// <param name="Kind">What its value is.</param>
/// <param name="Number">A number, flag, or ticks of a time; of a list, how many parts it has.</param>
/// <param name="Text">A text.</param>
/// <param name="Start">Where its numbers or bytes begin.</param>
/// <param name="Length">How many there are.</param>
internal readonly record struct RecordedField(Field Field, RecordedKind Kind, long Number = 0, string? Text = null, int Start = 0, int Length = 0);

/// <summary>An event as its fields, wherever it comes from: what exporters work on that place events in time. Used again for each event.</summary>
internal sealed class EventRecord : IFieldSink
{
    private readonly List<RecordedField> fields = [];
    private readonly List<uint> numbers = [];
    private byte[] bytes = [];
    private int byteCount;
    private int parts = -1;

    public EventKinds Kind { get; private set; }

    public string Guest { get; private set; } = "";

    public long Sequence { get; private set; }

    public TimeSpan GuestTime { get; private set; }

    /// <summary>The host's time, UTC; the beginning of time if it is not known.</summary>
    public DateTime HostTime { get; private set; }

    public TimeSpan HostDuration { get; private set; }

    /// <summary>When it was, in nanoseconds: of guest time, or since 1970; guest time also if the host's is not known.</summary>
    public long TimeOn(TimeAxis axis) => (axis == TimeAxis.Host && HostTime > DateTime.UnixEpoch ? HostTime - DateTime.UnixEpoch : GuestTime).Ticks * 100;

    /// <summary>The fields of this kind of event that have a value.</summary>
    public ReadOnlySpan<RecordedField> Fields => CollectionsMarshal.AsSpan(fields);

    /// <summary>For an event with a list, the length that its first part has; null if there is none.</summary>
    public long? FirstPartLength { get; private set; }

    public void Clear(EventKinds kind)
    {
        fields.Clear();
        numbers.Clear();
        byteCount = 0;
        parts = -1;
        FirstPartLength = null;
        (Kind, Guest, Sequence, GuestTime, HostTime, HostDuration) = (kind, "", 0, default, default, default);
    }

    public string? FindText(string name) => Find(name) is { Kind: RecordedKind.Text } found ? found.Text : null;

    public long? FindNumber(string name) => Find(name) is { Kind: RecordedKind.Number } found ? found.Number : null;

    public ReadOnlySpan<uint> FindNumbers(string name) => Find(name) is { Kind: RecordedKind.Numbers } found ? NumbersOf(found) : [];

    public ReadOnlySpan<byte> FindBytes(string name) => Find(name) is { Kind: RecordedKind.Bytes } found ? BytesOf(found) : [];

    public ReadOnlySpan<uint> NumbersOf(RecordedField field) => CollectionsMarshal.AsSpan(numbers).Slice(field.Start, field.Length);

    public ReadOnlySpan<byte> BytesOf(RecordedField field) => bytes.AsSpan(field.Start, field.Length);

    public void Number(Field field, long? value)
    {
        if (parts >= 0)
        {
            if (parts == 1 && field.Name == nameof(VirtqueueDescriptor.Length)) FirstPartLength = value;
            return;
        }
        if (field.Name == nameof(LguestEvent.Sequence)) Sequence = value ?? 0;
        else if (value is { } number) fields.Add(new RecordedField(field, RecordedKind.Number, number));
    }

    public void Flag(Field field, bool? value)
    {
        if (parts < 0 && value is { } flag) fields.Add(new RecordedField(field, RecordedKind.Flag, flag ? 1 : 0));
    }

    public void Text(Field field, string? value)
    {
        if (parts >= 0 || value is null || field.Name == nameof(LguestEvent.Kind)) return;
        if (field.Name == nameof(LguestEvent.Guest)) Guest = value;
        else fields.Add(new RecordedField(field, RecordedKind.Text, Text: value));
    }

    public void Time(Field field, TimeSpan value)
    {
        if (field.Name == nameof(LguestEvent.GuestTime)) GuestTime = value;
        else if (field.Name == nameof(LguestEvent.HostDuration)) HostDuration = value;
        else if (parts < 0) fields.Add(new RecordedField(field, RecordedKind.Time, value.Ticks));
    }

    public void Instant(Field field, DateTime value)
    {
        if (field.Name == nameof(LguestEvent.HostTime)) HostTime = value;
        else if (parts < 0) fields.Add(new RecordedField(field, RecordedKind.Instant, value.Ticks));
    }

    public void Numbers(Field field, ReadOnlySpan<uint> values)
    {
        if (parts >= 0) return;
        fields.Add(new RecordedField(field, RecordedKind.Numbers, Start: numbers.Count, Length: values.Length));
        foreach (uint value in values) numbers.Add(value);
    }

    public void Bytes(Field field, ReadOnlySpan<byte> value)
    {
        if (parts >= 0) return;
        if (byteCount + value.Length > bytes.Length) Array.Resize(ref bytes, Math.Max(byteCount + value.Length, 2 * bytes.Length));
        value.CopyTo(bytes.AsSpan(byteCount));
        fields.Add(new RecordedField(field, RecordedKind.Bytes, Start: byteCount, Length: value.Length));
        byteCount += value.Length;
    }

    public void StartList(Field field)
    {
        parts = 0;
        fields.Add(new RecordedField(field, RecordedKind.List));
    }

    public void StartPart() => parts++;

    public void EndPart()
    {
    }

    public void EndList()
    {
        fields[^1] = fields[^1] with { Number = parts };
        parts = -1;
    }

    private RecordedField? Find(string name)
    {
        foreach (ref readonly RecordedField field in CollectionsMarshal.AsSpan(fields))
            if (field.Field.Name == name) return field;
        return null;
    }
}
