using System.Buffers.Binary;
using System.Text;

namespace LguestPS.Networks.User;

/// <summary>What a question asks for (RFC 1035, 3.2.2); all others are types that nobody here has.</summary>
internal enum DnsType : ushort
{
    Address = 1,
    Pointer = 12,
    Ipv6Address = 28,
    Any = 255,
}

/// <summary>How a question was answered (RFC 1035, 4.1.1).</summary>
internal enum DnsResult : byte
{
    Good = 0,
    FormatError = 1,
    ServerFailure = 2,
    NoSuchName = 3,
    NotImplemented = 4,
}

/// <summary>A question that a guest has for a name server, and the messages that answer it.</summary>
internal sealed class DnsQuestion
{
    private const int HeaderSize = 12;
    private const int LongestName = 255;        // with the lengths of its labels
    private const ushort InternetClass = 1;
    private const ushort NameOfTheQuestion = 0xC000 | HeaderSize;       // a pointer to it (RFC 1035, 4.1.4)
    private const uint SecondsToLive = 60;

    // Flags of a message.
    private const byte Response = 0x80;
    private const byte OperationMask = 0x78;
    private const byte Authoritative = 0x04;
    private const byte RecursionDesired = 0x01;
    private const byte RecursionAvailable = 0x80;

    private readonly byte[] beginning;      // its header and, unless it is malformed, its question

    private DnsQuestion(ReadOnlySpan<byte> beginning, string name, DnsType type, DnsResult problem)
    {
        this.beginning = beginning.ToArray();
        Name = name;
        Type = type;
        Problem = problem;
    }

    /// <summary>The name it asks for, in lower case and without a dot at its end.</summary>
    public string Name { get; }

    public DnsType Type { get; }

    /// <summary>Why it cannot be answered, or Good.</summary>
    public DnsResult Problem { get; }

    /// <summary>Takes a datagram for a question.</summary>
    /// <returns>Null for what gets no answer at all: it is too short, or an answer itself.</returns>
    public static DnsQuestion? TryRead(ReadOnlySpan<byte> message)
    {
        if (message.Length < HeaderSize || (message[2] & Response) != 0) return null;
        DnsQuestion Refused(ReadOnlySpan<byte> message, DnsResult why) => new(message[..HeaderSize], "", default, why);
        if ((message[2] & OperationMask) != 0) return Refused(message, DnsResult.NotImplemented);
        if (BinaryPrimitives.ReadUInt16BigEndian(message[4..]) != 1) return Refused(message, DnsResult.FormatError);
        StringBuilder name = new();
        int at = HeaderSize;
        while (true)
        {
            if (at >= message.Length || at - HeaderSize >= LongestName) return Refused(message, DnsResult.FormatError);
            int length = message[at++];
            if (length == 0) break;
            // A question is the first name of its message: there is nothing yet that it could point to.
            if (length > 63 || at + length > message.Length) return Refused(message, DnsResult.FormatError);
            if (name.Length > 0) name.Append('.');
            foreach (byte letter in message.Slice(at, length)) name.Append(letter is > (byte)' ' and < 0x7F and not (byte)'.' ? char.ToLowerInvariant((char)letter) : '?');      // which no name has
            at += length;
        }
        if (at + 4 > message.Length) return Refused(message, DnsResult.FormatError);
        DnsType type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
        ushort family = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 2)..]);
        return new DnsQuestion(message[..(at + 4)], $"{name}", type, family is InternetClass or (ushort)DnsType.Any ? DnsResult.Good : DnsResult.NotImplemented);
    }

    /// <summary>An answer without records.</summary>
    /// <param name="result">How it was answered.</param>
    /// <param name="isOwn">Whether this network defines the name itself.</param>
    public byte[] Answer(DnsResult result, bool isOwn = false) => Compose(result, isOwn, Type, []);

    /// <summary>An answer with addresses; IPv4 ones, each of four bytes.</summary>
    public byte[] AnswerAddresses(IReadOnlyList<byte[]> addresses, bool isOwn) => Compose(DnsResult.Good, isOwn, DnsType.Address, addresses);

    /// <summary>An answer with the name of an address.</summary>
    /// <param name="name">A valid name.</param>
    /// <param name="isOwn">Whether this network defines it itself.</param>
    public byte[] AnswerName(string name, bool isOwn)
    {
        byte[] labels = [.. name.Split('.').SelectMany(label => Encoding.ASCII.GetBytes(label).Prepend((byte)label.Length)), 0];
        return Compose(DnsResult.Good, isOwn, DnsType.Pointer, [labels]);
    }

    private byte[] Compose(DnsResult result, bool isOwn, DnsType type, IReadOnlyList<byte[]> records)
    {
        MemoryStream message = new();
        message.Write(beginning);
        foreach (byte[] record in records)
        {
            Put(message, NameOfTheQuestion);
            Put(message, (ushort)type);
            Put(message, InternetClass);
            Put(message, (ushort)(SecondsToLive >> 16));
            Put(message, (ushort)SecondsToLive);
            Put(message, (ushort)record.Length);
            message.Write(record);
        }
        byte[] bytes = message.ToArray();
        bytes[2] = (byte)(bytes[2] & (OperationMask | RecursionDesired) | Response | (isOwn ? Authoritative : 0));
        bytes[3] = (byte)(RecursionAvailable | (byte)result);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), (ushort)(beginning.Length > HeaderSize ? 1 : 0));
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(6), (ushort)records.Count);
        bytes.AsSpan(8, 4).Clear();     // what the question had beside itself is not repeated
        return bytes;
    }

    private static void Put(MemoryStream message, ushort value)
    {
        message.WriteByte((byte)(value >> 8));
        message.WriteByte((byte)value);
    }
}
