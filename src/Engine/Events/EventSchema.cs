using System.Reflection;
using LguestPS.State;

namespace LguestPS.Events;

/// <summary>Everything that outputs know of a kind of event.</summary>
internal abstract class EventSchema(EventKinds kind, string namesLine, string argumentsLine)
{
    public EventKinds Kind => kind;

    /// <summary>The line of a trace that says only what happened; <see cref="EventSchemas"/> says how to read it.</summary>
    public string NamesLine => namesLine;

    /// <summary>The line of a trace that says all that is the same in each run of the same guest.</summary>
    public string ArgumentsLine => argumentsLine;

    public abstract Type EventType { get; }

    /// <summary>The fields of every event, then those of this kind.</summary>
    public abstract IReadOnlyList<Field> Fields { get; }

    /// <summary>Gives an exporter what one of its kind has.</summary>
    public abstract void Give(LguestEvent happened, IFieldSink sink, Outputs output);

    public abstract void Write(StateWriter state, LguestEvent happened, bool whole);

    /// <exception cref="InvalidStateException">There is no such event.</exception>
    public abstract LguestEvent Read(in FieldSource from, in EventHeader header);
}

/// <summary>The same, knowing the type of the events.</summary>
internal sealed class EventSchema<TEvent>(EventKinds kind, string namesLine, string argumentsLine, Schema<TEvent> own)
    : EventSchema(kind, namesLine, argumentsLine) where TEvent : LguestEvent
{
    private static readonly Action<LguestEvent, EventHeader> SetHeader =
        typeof(LguestEvent).GetProperty(nameof(LguestEvent.Header), BindingFlags.Instance | BindingFlags.NonPublic)!.SetMethod!.CreateDelegate<Action<LguestEvent, EventHeader>>();

    public override Type EventType => typeof(TEvent);

    public override IReadOnlyList<Field> Fields => [.. EventSchemas.Header.Fields, .. own.Fields];

    public override void Give(LguestEvent happened, IFieldSink sink, Outputs output)
    {
        EventSchemas.Header.Give(happened, sink, output);
        own.Give((TEvent)happened, sink, output);
    }

    public override void Write(StateWriter state, LguestEvent happened, bool whole) => own.Write(state, (TEvent)happened, whole);

    public override LguestEvent Read(in FieldSource from, in EventHeader header)
    {
        TEvent happened = own.Read(from);
        SetHeader(happened, header);
        return happened;
    }
}
