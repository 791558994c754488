using System.Runtime.CompilerServices;
using LguestPS.State;

namespace LguestPS.Events;

/// <summary>The fields of a type of object, in the order in which they are written down and shown.</summary>
internal sealed class Schema<TOwner> where TOwner : class
{
    private Field<TOwner>[] fields = [], stored = [], lines = [], traces = [];

    public IReadOnlyList<Field<TOwner>> Fields => fields;

    /// <summary>Adds a field that is written down.</summary>
    /// <param name="name">The property, which has an init accessor.</param>
    /// <param name="value">What it is in an object.</param>
    /// <param name="type">Its type.</param>
    /// <param name="outputs">What shows it.</param>
    /// <param name="key">Its name in JSON, if that is not the property's.</param>
    public Schema<TOwner> Stored<TValue>(string name, Func<TOwner, TValue> value, FieldType<TValue> type, Outputs outputs = Outputs.All, string? key = null)
    {
        Field<TOwner, TValue> field = new(name, value, type, outputs, stored: true, key);
        stored = [.. stored, field];
        return Add(field);
    }

    /// <summary>Adds a field that follows from those that are written down.</summary>
    public Schema<TOwner> Derived<TValue>(string name, Func<TOwner, TValue> value, FieldType<TValue> type, Outputs outputs = Outputs.All) =>
        Add(new Field<TOwner, TValue>(name, value, type, outputs, stored: false, key: null));

    /// <summary>Gives an exporter what one of its kind has.</summary>
    /// <param name="owner">The object.</param>
    /// <param name="sink">The exporter.</param>
    /// <param name="output">Either <see cref="Outputs.Lines"/> or <see cref="Outputs.Traces"/>.</param>
    public void Give(TOwner owner, IFieldSink sink, Outputs output)
    {
        foreach (Field<TOwner> field in output == Outputs.Traces ? traces : lines) field.Give(owner, sink);
    }

    public void Write(StateWriter state, TOwner owner, bool whole)
    {
        foreach (Field<TOwner> field in stored) field.Write(state, owner, whole);
    }

    /// <exception cref="InvalidStateException">There is no such object.</exception>
    public TOwner Read(in FieldSource from)
    {
        // The fields are set one by one, whatever the constructor asks for.
        TOwner owner = (TOwner)RuntimeHelpers.GetUninitializedObject(typeof(TOwner));
        foreach (Field<TOwner> field in stored) field.Read(from, owner);
        return owner;
    }

    private Schema<TOwner> Add(Field<TOwner> field)
    {
        fields = [.. fields, field];
        if ((field.Outputs & Outputs.Lines) != 0) lines = [.. lines, field];
        if ((field.Outputs & Outputs.Traces) != 0) traces = [.. traces, field];
        return this;
    }
}
