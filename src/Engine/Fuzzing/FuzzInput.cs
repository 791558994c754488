using System.Text;
using LguestPS.Recordings;

namespace LguestPS;

/// <summary>What one target of a fuzzer had in a run.</summary>
/// <param name="Target">Its name.</param>
/// <param name="Bytes">What was there. It is not to be changed.</param>
public sealed record FuzzPart(string Target, byte[] Bytes)
{
    private const int MostShown = 64;

    internal bool IsText { get; init; }

    public override string ToString() =>
        $"{Target}={(IsText ? Quoted() : Convert.ToHexStringLower(Bytes.AsSpan(0, Math.Min(Bytes.Length, MostShown))))}{(!IsText && Bytes.Length > MostShown ? $"… ({Bytes.Length} bytes)" : "")}";

    private string Quoted()
    {
        StringBuilder text = new("\"");
        foreach (byte value in Bytes)
        {
            _ = value switch
            {
                (byte)'\n' => text.Append("\\n"),
                (byte)'\r' => text.Append("\\r"),
                (byte)'\t' => text.Append("\\t"),
                (byte)'"' or (byte)'\\' => text.Append('\\').Append((char)value),
                >= 0x20 and < 0x7F => text.Append((char)value),
                _ => text.Append($"\\x{value:x2}"),
            };
        }
        return text.Append('"').ToString();
    }
}

/// <summary>All that was different about a run of a fuzzer: the same input makes the same run.</summary>
public sealed class FuzzInput
{
    internal FuzzInput(IReadOnlyList<FuzzPart> parts) => Parts = parts;

    /// <summary>What each target had, in the order in which they were given.</summary>
    public IReadOnlyList<FuzzPart> Parts { get; }

    /// <summary>Whether a script changed the guest, too.</summary>
    public bool HasChange => Change is not null;

    /// <summary>What the guest was after a script had changed it; null if none did.</summary>
    internal RecordedIntervention? Change { get; init; }

    /// <summary>Bytes of all targets.</summary>
    internal int Length => Parts.Sum(part => part.Bytes.Length);

    /// <summary>The same with other bytes for one target.</summary>
    internal FuzzInput With(int part, byte[] bytes) => new([.. Parts.Select((old, i) => i == part ? old with { Bytes = bytes } : old)]) { Change = Change };

    /// <summary>Each target and its bytes; text in quotes, everything else in hexadecimal, and of that no more than 64 bytes.</summary>
    public override string ToString()
    {
        string parts = string.Join(' ', Parts);
        return !HasChange ? parts : parts.Length == 0 ? "changed by a script" : $"{parts}, changed by a script";
    }
}
