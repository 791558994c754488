using System.Text;

namespace LguestPS.Fleets;

/// <summary>What a guest writes to its console, up to as much as is worth keeping: then the newest of it.</summary>
internal sealed class ConsoleTranscriptText
{
    private const int Most = 16 << 20;

    private readonly MemoryStream bytes = new();

    /// <summary>Bytes that were not kept.</summary>
    public long Missed { get; private set; }

    public string Text => Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);

    public void Add(ReadOnlyMemory<byte> written)
    {
        if (bytes.Length + written.Length > Most) DropOldest();
        bytes.Write(written.Span);
    }

    /// <summary>The last characters.</summary>
    public string Tail(int most)
    {
        int start = (int)Math.Max(0, bytes.Length - (4L * most));       // a character has four bytes at most
        string text = Encoding.UTF8.GetString(bytes.GetBuffer(), start, (int)bytes.Length - start);
        return text.Length <= most ? text : text[^most..];
    }

    private void DropOldest()
    {
        int half = (int)bytes.Length / 2;
        byte[] newer = bytes.GetBuffer().AsSpan(half, (int)bytes.Length - half).ToArray();
        Missed += half;
        bytes.SetLength(0);
        bytes.Write(newer);
    }
}
