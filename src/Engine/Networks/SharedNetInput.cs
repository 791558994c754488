using System.Buffers.Binary;

namespace LguestPS.Networks;

/// <summary>What came into a guest through its card in a shared network, as a recording keeps it.</summary>
internal abstract record SharedNetInput
{
    private const byte MacsKind = 0, FrameKind = 1, KnockKind = 2, AnswerKind = 3;
    private const int KeySize = sizeof(ushort);

    private SharedNetInput()
    {
    }

    public byte[] ToBytes() => this switch
    {
        Macs(byte[] page) => [MacsKind, .. page],
        Frame(ushort key, byte[] bytes) => [FrameKind, (byte)key, (byte)(key >> 8), .. bytes],
        Knock(ushort key) => [KnockKind, (byte)key, (byte)(key >> 8)],
        Answer(bool yes) => [AnswerKind, yes ? (byte)1 : (byte)0],
        _ => throw new InvalidOperationException($"unknown {this}"),
    };

    /// <returns>Null if it makes no sense: it may come from any file.</returns>
    public static SharedNetInput? Read(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [MacsKind, .. { Length: SharedNetFile.Slots * MacAddress.Size } page] => new Macs(page.ToArray()),
        [FrameKind, .. { Length: >= KeySize and <= KeySize + SharedNetwork.LongestFrame } rest] when SharedNetwork.IsKey(KeyIn(rest)) => new Frame(KeyIn(rest), rest[KeySize..].ToArray()),
        [KnockKind, .. { Length: KeySize } rest] when SharedNetwork.IsKey(KeyIn(rest)) => new Knock(KeyIn(rest)),
        [AnswerKind, var yes and <= 1] => new Answer(yes != 0),
        _ => null,
    };

    private static ushort KeyIn(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    /// <summary>The MAC addresses of all slots, its own included, were not what stood in the guest's page.</summary>
    public sealed record Macs(byte[] Page) : SharedNetInput;

    /// <summary>A frame, for the buffers bound to a key: an offset in the page. One of no bytes came for a buffer of which the guest died.</summary>
    public sealed record Frame(ushort Key, byte[] Bytes) : SharedNetInput;

    /// <summary>A frame came for which there was no free buffer, and the guest was told.</summary>
    public sealed record Knock(ushort Key) : SharedNetInput;

    /// <summary>While the guest sent: whether somebody had bound the key, or whether a frame was queued.</summary>
    public sealed record Answer(bool Yes) : SharedNetInput;
}
