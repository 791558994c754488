namespace LguestPS.Events;

/// <summary>Takes the fields of an event one after the other: what an exporter implements. Nothing is boxed on the way.</summary>
internal interface IFieldSink
{
    void Number(Field field, long? value);

    void Flag(Field field, bool? value);

    void Text(Field field, string? value);

    void Time(Field field, TimeSpan value);

    void Instant(Field field, DateTime value);

    void Numbers(Field field, ReadOnlySpan<uint> values);

    void Bytes(Field field, ReadOnlySpan<byte> value);

    /// <summary>Starts a list of parts, each of which has fields of its own.</summary>
    void StartList(Field field);

    void StartPart();

    void EndPart();

    void EndList();
}
