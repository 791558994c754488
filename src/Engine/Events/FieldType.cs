using LguestPS.State;

namespace LguestPS.Events;

/// <summary>How people are shown a value.</summary>
internal enum FieldFormat
{
    Plain,

    /// <summary>An address or another number whose bits matter: 0x and eight digits.</summary>
    Hex,

    /// <summary>0x and two digits.</summary>
    HexByte,

    /// <summary>Several numbers, each as <see cref="Hex"/>.</summary>
    HexList,

    /// <summary>A span of time in seconds.</summary>
    Seconds,

    /// <summary>A point in time.</summary>
    Instant,

    /// <summary>Bytes with their offsets and as text.</summary>
    Dump,

    /// <summary>The parts, one after the other.</summary>
    Parts,
}

/// <summary>A type of value: how exporters get it, and how it is written down and read again.</summary>
internal abstract class FieldType<T>(FieldFormat format)
{
    public FieldFormat Format => format;

    public virtual bool IsOptional => default(T) is null && typeof(T).IsValueType;

    /// <summary>The fields of each part, for a list.</summary>
    public virtual IReadOnlyList<Field> Parts => [];

    public virtual void Give(Field field, T value, IFieldSink sink) => throw new NotSupportedException($"{field.Name} is not for exporters");

    public virtual void Write(StateWriter state, T value, bool whole) => throw new NotSupportedException($"no {typeof(T).Name} of this kind is written down");

    /// <exception cref="InvalidStateException">There is no such value.</exception>
    public virtual T Read(in FieldSource from) => throw new NotSupportedException($"no {typeof(T).Name} of this kind is written down");
}
