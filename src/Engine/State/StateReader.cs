using System.Runtime.InteropServices;
using System.Text;

namespace LguestPS.State;

/// <summary>Gives back what a <see cref="StateWriter"/> was given, and trusts none of it: a file may hold anything.</summary>
/// <exception cref="InvalidStateException">From every member: the state ends too early or holds what cannot be.</exception>
internal sealed class StateReader(byte[] bytes, IReadOnlyList<SharedState> shared)
{
    private readonly BinaryReader reader = new(new MemoryStream(bytes, writable: false), Encoding.UTF8);
    private int nextShared;

    /// <summary>Bytes not read yet.</summary>
    public int Left => (int)(reader.BaseStream.Length - reader.BaseStream.Position);

    public void Part(string name)
    {
        if (ReadString() != name) throw new InvalidStateException($"the part '{name}' is not where it should be");
    }

    public bool ReadBool() => ReadByte() switch { 0 => false, 1 => true, _ => throw new InvalidStateException("a yes or no is neither") };

    public byte ReadByte() => Guard(reader.ReadByte);

    public ushort ReadUInt16() => Guard(reader.ReadUInt16);

    public uint ReadUInt32() => Guard(reader.ReadUInt32);

    public int ReadInt32() => Guard(reader.ReadInt32);

    public long ReadInt64() => Guard(reader.ReadInt64);

    public ulong ReadUInt64() => Guard(reader.ReadUInt64);

    public string ReadString() => Guard(reader.ReadString);

    public long ReadCompact() => Guard(reader.Read7BitEncodedInt64);

    /// <summary>A number from <paramref name="lowest"/> to <paramref name="highest"/>.</summary>
    public int ReadInt32(int lowest, int highest, string what)
    {
        int value = ReadInt32();
        return value >= lowest && value <= highest ? value : throw new InvalidStateException($"{what} is {value}");
    }

    /// <summary>A point in time or a count.</summary>
    public long ReadCount(string what)
    {
        long value = ReadInt64();
        return value >= 0 ? value : throw new InvalidStateException($"{what} is {value}");
    }

    public T ReadEnum<T>(string what) where T : struct, Enum
    {
        T value = (T)Enum.ToObject(typeof(T), ReadInt32());
        return Enum.IsDefined(value) ? value : throw new InvalidStateException($"{what} is {value}");
    }

    public byte[] ReadBytes()
    {
        int length = ReadInt32(0, Left, "a length");
        return reader.ReadBytes(length);
    }

    /// <summary>Bytes as they are in the state, not copied.</summary>
    public ReadOnlySpan<byte> ReadSpan()
    {
        int length = ReadInt32(0, Left, "a length");
        ReadOnlySpan<byte> span = bytes.AsSpan((int)reader.BaseStream.Position, length);
        reader.BaseStream.Position += length;
        return span;
    }

    public void ReadRaw<T>(Span<T> values) where T : unmanaged
    {
        Span<byte> raw = MemoryMarshal.AsBytes(values);
        if (raw.Length > Left) throw TooShort();
        reader.BaseStream.ReadExactly(raw);
    }

    public T? ReadOptional<T>(Func<T> read) where T : struct => ReadBool() ? read() : null;

    public T ReadShared<T>() where T : SharedState =>
        nextShared < shared.Count && shared[nextShared++] is T state ? state : throw new InvalidStateException($"there is no {typeof(T).Name} where one should be");

    private static T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or FormatException or ArgumentException)
        {
            throw TooShort();
        }
    }

    private static InvalidStateException TooShort() => new("it ends too early");
}

/// <summary>Saved state that no guest can be in.</summary>
internal sealed class InvalidStateException(string message) : Exception(message);
