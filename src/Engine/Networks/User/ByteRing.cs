namespace LguestPS.Networks.User;

/// <summary>Bytes on their way, first in first out; never more than its capacity.</summary>
internal sealed class ByteRing(int capacity)
{
    private const int FirstSize = 4096;

    private byte[] bytes = [];
    private int start;

    public int Count { get; private set; }

    public int Room => capacity - Count;

    /// <summary>Adds bytes; there must be room for them.</summary>
    public void Write(ReadOnlySpan<byte> added)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(added.Length, Room);
        Reserve(Count + added.Length);
        int end = (start + Count) % Math.Max(bytes.Length, 1);
        int first = Math.Min(added.Length, bytes.Length - end);
        added[..first].CopyTo(bytes.AsSpan(end));
        added[first..].CopyTo(bytes);
        Count += added.Length;
    }

    /// <summary>Copies bytes without taking them, from an offset counted from the oldest byte.</summary>
    public void Peek(int offset, Span<byte> copy)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(copy.Length, Count - offset);
        if (copy.IsEmpty) return;
        int from = (start + offset) % bytes.Length;
        int first = Math.Min(copy.Length, bytes.Length - from);
        bytes.AsSpan(from, first).CopyTo(copy);
        bytes.AsSpan(0, copy.Length - first).CopyTo(copy[first..]);
    }

    /// <summary>Forgets the oldest bytes.</summary>
    public void Skip(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Count);
        Count -= count;
        start = Count == 0 ? 0 : (start + count) % bytes.Length;
    }

    private void Reserve(int needed)
    {
        if (needed <= bytes.Length) return;
        byte[] larger = new byte[Math.Min(capacity, Math.Max(FirstSize, Math.Max(needed, bytes.Length * 2)))];
        Peek(0, larger.AsSpan(0, Count));
        bytes = larger;
        start = 0;
    }
}
