using System.Reflection;
using System.Text.Json;
using LguestPS.Machines;
using LguestPS.State;
using LguestPS.Symbols;

namespace LguestPS.Events;

/// <summary>The outputs a field is part of.</summary>
[Flags]
internal enum Outputs
{
    None = 0,

    /// <summary>JSON lines.</summary>
    Lines = 1,

    /// <summary>The list views of PowerShell.</summary>
    Lists = 2,

    /// <summary>Traces for tools that other people make, and tables.</summary>
    Traces = 4,

    All = Lines | Lists | Traces,
}

/// <summary>One field of an event or of a part of one: a row of <see cref="EventSchemas"/>.</summary>
internal abstract class Field(string name, string? key, FieldFormat format, Outputs outputs)
{
    /// <summary>The property that holds it.</summary>
    public string Name => name;

    /// <summary>Its name in JSON.</summary>
    public JsonEncodedText Key { get; } = JsonEncodedText.Encode(key ?? JsonNamingPolicy.CamelCase.ConvertName(name));

    /// <summary>How people are shown it.</summary>
    public FieldFormat Format => format;

    public Outputs Outputs => outputs;

    /// <summary>Whether it is written down with the event, rather than worked out from what is.</summary>
    public abstract bool IsStored { get; }

    /// <summary>Whether an event may be without it.</summary>
    public abstract bool IsOptional { get; }

    /// <summary>The fields of each part of a list; empty for any other field.</summary>
    public abstract IReadOnlyList<Field> Parts { get; }
}

/// <summary>A field of one type of object.</summary>
internal abstract class Field<TOwner>(string name, string? key, FieldFormat format, Outputs outputs) : Field(name, key, format, outputs)
{
    public abstract void Give(TOwner owner, IFieldSink sink);

    public abstract void Write(StateWriter state, TOwner owner, bool whole);

    public abstract void Read(in FieldSource from, TOwner owner);
}

/// <summary>A field whose value is of a known type.</summary>
internal sealed class Field<TOwner, TValue>(string name, Func<TOwner, TValue> value, FieldType<TValue> type, Outputs outputs, bool stored, string? key)
    : Field<TOwner>(name, key, type.Format, outputs)
{
    private Action<TOwner, TValue>? set;

    public override bool IsStored => stored;

    public override bool IsOptional => type.IsOptional;

    public override IReadOnlyList<Field> Parts => type.Parts;

    public override void Give(TOwner owner, IFieldSink sink) => type.Give(this, value(owner), sink);

    public override void Write(StateWriter state, TOwner owner, bool whole) => type.Write(state, value(owner), whole);

    public override void Read(in FieldSource from, TOwner owner) => (set ??= Setter())(owner, type.Read(from));

    // Events are immutable, so an init accessor is the only way in.
    private Action<TOwner, TValue> Setter() =>
        typeof(TOwner).GetProperty(Name, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)!.SetMethod!.CreateDelegate<Action<TOwner, TValue>>();
}

/// <summary>Where the value of a field is read from.</summary>
/// <param name="State">What was written down.</param>
/// <param name="Origin">The guest it is of.</param>
/// <param name="IsWhole">False if only the essence was written.</param>
internal readonly record struct FieldSource(StateReader State, EventOrigin Origin, bool IsWhole);

/// <summary>What an event has of its guest, one for all events of it.</summary>
internal sealed record EventOrigin(string Guest, AbiProfile Abi, GuestSymbols? Symbols)
{
    public static EventOrigin Of(Machine machine) => new(machine.Name, machine.Abi, machine.Symbols);
}
