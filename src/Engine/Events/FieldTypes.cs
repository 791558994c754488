using System.Runtime.CompilerServices;
using LguestPS.State;

namespace LguestPS.Events;

/// <summary>The types that fields have.</summary>
internal static class FieldTypes
{
    public static readonly FieldType<byte> UInt8 = new ByteType(FieldFormat.Plain);
    public static readonly FieldType<byte> HexUInt8 = new ByteType(FieldFormat.HexByte);
    public static readonly FieldType<byte?> OptionalHexUInt8 = new OptionalByteType();
    public static readonly FieldType<bool> Flag = new FlagType();
    public static readonly FieldType<bool?> OptionalFlag = new OptionalFlagType();
    public static readonly FieldType<int> Small = new SmallType();
    public static readonly FieldType<int> Int = new Int32Type();
    public static readonly FieldType<int?> OptionalInt = new OptionalInt32Type();
    public static readonly FieldType<long> Long = new Int64Type();
    public static readonly FieldType<uint> Count = new WordType(FieldFormat.Plain);
    public static readonly FieldType<uint?> OptionalCount = new OptionalWordType(FieldFormat.Plain);
    public static readonly FieldType<uint> Address = new WordType(FieldFormat.Hex);
    public static readonly FieldType<uint?> OptionalAddress = new OptionalWordType(FieldFormat.Hex);
    public static readonly FieldType<uint[]> Words = new WordsType();
    public static readonly FieldType<string> Text = new TextType();
    public static readonly FieldType<string?> OptionalText = new OptionalTextType();
    public static readonly FieldType<TimeSpan> Span = new SpanType();
    public static readonly FieldType<DateTime> Instant = new InstantType();
    public static readonly FieldType<byte[]> Bytes = new BytesType();
    public static readonly FieldType<byte[]?> OptionalBytes = new OptionalBytesType();
    public static readonly FieldType<byte[]> Content = new ContentType();
    public static readonly FieldType<Hypercall> Call = new CallType();

    /// <summary>One of a few names.</summary>
    /// <param name="what">What it is, for an error: "a direction".</param>
    public static FieldType<T> Name<T>(string what) where T : struct, Enum => new NameType<T>(what);

    /// <summary>One part, or none.</summary>
    /// <param name="parts">Its fields.</param>
    public static FieldType<T?> Optional<T>(Schema<T> parts) where T : class => new OptionalPartType<T>(parts);

    /// <summary>Several parts.</summary>
    /// <param name="parts">The fields of each.</param>
    /// <param name="most">How many there can be, given what is left to read.</param>
    /// <param name="what">Their number, for an error: "the number of sections".</param>
    public static FieldType<T[]> List<T>(Schema<T> parts, Func<StateReader, int> most, string what) where T : class => new ListType<T>(parts, most, what);

    private sealed class ByteType(FieldFormat format) : FieldType<byte>(format)
    {
        public override void Give(Field field, byte value, IFieldSink sink) => sink.Number(field, value);

        public override void Write(StateWriter state, byte value, bool whole) => state.Write(value);

        public override byte Read(in FieldSource from) => from.State.ReadByte();
    }

    private sealed class OptionalByteType() : FieldType<byte?>(FieldFormat.HexByte)
    {
        public override void Give(Field field, byte? value, IFieldSink sink) => sink.Number(field, value);

        public override void Write(StateWriter state, byte? value, bool whole) => state.Write(value, state.Write);

        public override byte? Read(in FieldSource from) => from.State.ReadOptional(from.State.ReadByte);
    }

    private sealed class FlagType() : FieldType<bool>(FieldFormat.Plain)
    {
        public override void Give(Field field, bool value, IFieldSink sink) => sink.Flag(field, value);

        public override void Write(StateWriter state, bool value, bool whole) => state.Write(value);

        public override bool Read(in FieldSource from) => from.State.ReadBool();
    }

    private sealed class OptionalFlagType() : FieldType<bool?>(FieldFormat.Plain)
    {
        public override void Give(Field field, bool? value, IFieldSink sink) => sink.Flag(field, value);
    }

    /// <summary>A number that fits into a byte.</summary>
    private sealed class SmallType() : FieldType<int>(FieldFormat.Plain)
    {
        public override void Give(Field field, int value, IFieldSink sink) => sink.Number(field, value);

        public override void Write(StateWriter state, int value, bool whole) => state.Write((byte)value);

        public override int Read(in FieldSource from) => from.State.ReadByte();
    }

    private sealed class Int32Type() : FieldType<int>(FieldFormat.Plain)
    {
        public override void Give(Field field, int value, IFieldSink sink) => sink.Number(field, value);

        public override void Write(StateWriter state, int value, bool whole) => state.Write(value);

        public override int Read(in FieldSource from) => from.State.ReadInt32();
    }

    private sealed class OptionalInt32Type() : FieldType<int?>(FieldFormat.Plain)
    {
        public override void Give(Field field, int? value, IFieldSink sink) => sink.Number(field, value);

        public override void Write(StateWriter state, int? value, bool whole) => state.Write(value, state.Write);

        public override int? Read(in FieldSource from) => from.State.ReadOptional(from.State.ReadInt32);
    }

    private sealed class Int64Type() : FieldType<long>(FieldFormat.Plain)
    {
        public override void Give(Field field, long value, IFieldSink sink) => sink.Number(field, value);

        public override void Write(StateWriter state, long value, bool whole) => state.Write(value);

        public override long Read(in FieldSource from) => from.State.ReadInt64();
    }

    private sealed class WordType(FieldFormat format) : FieldType<uint>(format)
    {
        public override void Give(Field field, uint value, IFieldSink sink) => sink.Number(field, value);

        public override void Write(StateWriter state, uint value, bool whole) => state.Write(value);

        public override uint Read(in FieldSource from) => from.State.ReadUInt32();
    }

    private sealed class OptionalWordType(FieldFormat format) : FieldType<uint?>(format)
    {
        public override void Give(Field field, uint? value, IFieldSink sink) => sink.Number(field, value);

        public override void Write(StateWriter state, uint? value, bool whole) => state.Write(value, state.Write);

        public override uint? Read(in FieldSource from) => from.State.ReadOptional(from.State.ReadUInt32);
    }

    private sealed class WordsType() : FieldType<uint[]>(FieldFormat.HexList)
    {
        public override void Give(Field field, uint[] value, IFieldSink sink) => sink.Numbers(field, value);
    }

    private sealed class TextType() : FieldType<string>(FieldFormat.Plain)
    {
        public override void Give(Field field, string value, IFieldSink sink) => sink.Text(field, value);

        public override void Write(StateWriter state, string value, bool whole) => state.Write(value);

        public override string Read(in FieldSource from) => from.State.ReadString();
    }

    private sealed class OptionalTextType() : FieldType<string?>(FieldFormat.Plain)
    {
        public override bool IsOptional => true;

        public override void Give(Field field, string? value, IFieldSink sink) => sink.Text(field, value);

        public override void Write(StateWriter state, string? value, bool whole)
        {
            state.Write(value is not null);
            if (value is not null) state.Write(value);
        }

        public override string? Read(in FieldSource from) => from.State.ReadBool() ? from.State.ReadString() : null;
    }

    private sealed class NameType<T>(string what) : FieldType<T>(FieldFormat.Plain) where T : struct, Enum
    {
        public override void Give(Field field, T value, IFieldSink sink) => sink.Text(field, Enum.GetName(value));

        public override void Write(StateWriter state, T value, bool whole) => state.Write(Unsafe.SizeOf<T>() == sizeof(long) ? (int)Unsafe.BitCast<T, long>(value) : Unsafe.BitCast<T, int>(value));

        public override T Read(in FieldSource from) => from.State.ReadEnum<T>(what);
    }

    private sealed class SpanType() : FieldType<TimeSpan>(FieldFormat.Seconds)
    {
        public override void Give(Field field, TimeSpan value, IFieldSink sink) => sink.Time(field, value);
    }

    private sealed class InstantType() : FieldType<DateTime>(FieldFormat.Instant)
    {
        public override void Give(Field field, DateTime value, IFieldSink sink) => sink.Instant(field, value);
    }

    private sealed class BytesType() : FieldType<byte[]>(FieldFormat.Dump)
    {
        public override void Give(Field field, byte[] value, IFieldSink sink) => sink.Bytes(field, value);

        public override void Write(StateWriter state, byte[] value, bool whole) => state.Write(value);

        public override byte[] Read(in FieldSource from) => from.State.ReadBytes();
    }

    private sealed class OptionalBytesType() : FieldType<byte[]?>(FieldFormat.Dump)
    {
        public override bool IsOptional => true;

        public override void Write(StateWriter state, byte[]? value, bool whole)
        {
            state.Write(value is not null);
            if (value is not null) state.Write(value);
        }

        public override byte[]? Read(in FieldSource from) => from.State.ReadBool() ? from.State.ReadBytes() : null;
    }

    /// <summary>Bytes that may be many: in the essence of an event a hash stands for them.</summary>
    private sealed class ContentType() : FieldType<byte[]>(FieldFormat.Dump)
    {
        public override void Give(Field field, byte[] value, IFieldSink sink) => sink.Bytes(field, value);

        public override void Write(StateWriter state, byte[] value, bool whole)
        {
            if (whole) state.Write(value);
            else state.Write(ContentHash.Of(value));
        }

        public override byte[] Read(in FieldSource from)
        {
            if (from.IsWhole) return from.State.ReadBytes();
            from.State.ReadUInt64();
            return [];
        }
    }

    private sealed class CallType() : FieldType<Hypercall>(FieldFormat.Plain)
    {
        public override void Write(StateWriter state, Hypercall value, bool whole) => EventCodec.WriteCall(state, value);

        public override Hypercall Read(in FieldSource from) => EventCodec.ReadCall(from.State, from.Origin);
    }

    private sealed class OptionalPartType<T>(Schema<T> parts) : FieldType<T?>(FieldFormat.Parts) where T : class
    {
        public override bool IsOptional => true;

        public override void Write(StateWriter state, T? value, bool whole)
        {
            state.Write(value is not null);
            if (value is not null) parts.Write(state, value, whole);
        }

        public override T? Read(in FieldSource from) => from.State.ReadBool() ? parts.Read(from) : null;
    }

    private sealed class ListType<T>(Schema<T> parts, Func<StateReader, int> most, string what) : FieldType<T[]>(FieldFormat.Parts) where T : class
    {
        public override IReadOnlyList<Field> Parts => parts.Fields;

        public override void Give(Field field, T[] value, IFieldSink sink)
        {
            sink.StartList(field);
            foreach (T part in value)
            {
                sink.StartPart();
                parts.Give(part, sink, Outputs.Lines);
                sink.EndPart();
            }
            sink.EndList();
        }

        public override void Write(StateWriter state, T[] value, bool whole)
        {
            state.Write(value.Length);
            foreach (T part in value) parts.Write(state, part, whole);
        }

        public override T[] Read(in FieldSource from)
        {
            T[] value = new T[from.State.ReadInt32(0, most(from.State), what)];
            for (int i = 0; i < value.Length; i++) value[i] = parts.Read(from);
            return value;
        }
    }
}
