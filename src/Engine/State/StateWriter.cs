using System.Runtime.InteropServices;
using System.Text;

namespace LguestPS.State;

/// <summary>Where each part of a guest puts its state; a <see cref="StateReader"/> gives it back in the same order.</summary>
/// <remarks>Numbers are little-endian. What is large and never changes is not copied but shared between checkpoints.</remarks>
internal sealed class StateWriter
{
    private readonly MemoryStream bytes = new();
    private readonly BinaryWriter writer;
    private readonly List<SharedState> shared = [];

    public StateWriter() => writer = new BinaryWriter(bytes, Encoding.UTF8);

    /// <summary>What was shared, in order.</summary>
    public IReadOnlyList<SharedState> SharedParts => shared;

    public byte[] ToArray() => bytes.ToArray();

    /// <summary>Forgets everything, to be used again.</summary>
    public void Clear()
    {
        bytes.SetLength(0);
        shared.Clear();
    }

    /// <summary>Starts a part; its name is checked when it is read.</summary>
    public void Part(string name) => writer.Write(name);

    public void Write(bool value) => writer.Write(value);

    public void Write(byte value) => writer.Write(value);

    public void Write(ushort value) => writer.Write(value);

    public void Write(uint value) => writer.Write(value);

    public void Write(int value) => writer.Write(value);

    public void Write(long value) => writer.Write(value);

    public void Write(ulong value) => writer.Write(value);

    public void Write(string value) => writer.Write(value);

    /// <summary>A number that is usually small.</summary>
    public void WriteCompact(long value) => writer.Write7BitEncodedInt64(value);

    /// <summary>Bytes, with their number.</summary>
    public void Write(ReadOnlySpan<byte> value)
    {
        writer.Write(value.Length);
        writer.Write(value);
    }

    /// <summary>Values of a fixed layout, without their number.</summary>
    public void WriteRaw<T>(ReadOnlySpan<T> values) where T : unmanaged => writer.Write(MemoryMarshal.AsBytes(values));

    /// <summary>A value that may be missing.</summary>
    public void Write<T>(T? value, Action<T> write) where T : struct
    {
        Write(value is not null);
        if (value is { } present) write(present);
    }

    public void Share(SharedState state) => shared.Add(state);
}

/// <summary>A large part of a guest's state that never changes once it is made, so that checkpoints can have it in common.</summary>
internal abstract class SharedState
{
    /// <summary>Writes it to a file.</summary>
    public abstract void WriteTo(BinaryWriter file);
}
