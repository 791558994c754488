using System.Buffers.Binary;
using LguestPS.Networks;
using LguestPS.Networks.User;

namespace LguestPS.Tests.Networks;

/// <summary>A frame for the guest, taken apart byte by byte by the test itself, its checksums summed the slow way.</summary>
internal sealed class Seen
{
    private readonly byte[] frame;

    public Seen(byte[] frame)
    {
        this.frame = frame;
        Xunit.Assert.Equal("0800", Convert.ToHexString(frame, 12, 2));
        Xunit.Assert.Equal(0x45, frame[14]);
        Xunit.Assert.Equal(frame.Length - 14, Number16(16));
        Xunit.Assert.Equal(0xFFFF, Sum(frame[14..34]));
        if (Protocol == 1) Xunit.Assert.Equal(0xFFFF, Sum(frame[34..]));
        else Xunit.Assert.Equal(0xFFFF, Sum([.. frame[26..34], 0, Protocol, (byte)((frame.Length - 34) >> 8), (byte)(frame.Length - 34), .. frame[34..]]));
    }

    public MacAddress Destination => MacAddress.Read(frame);
    public byte Protocol => frame[23];
    public string From => $"{string.Join('.', frame[26..30])}:{Number16(34)}";
    public string To => $"{string.Join('.', frame[30..34])}:{Number16(36)}";
    public byte[] Payload => frame[34..];

    public ushort SourcePort => Number16(34);
    public ushort DestinationPort => Number16(36);
    public byte[] UdpData => frame[42..];

    public uint Sequence => BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(38));
    public uint Acknowledgement => BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(42));
    public TcpFlags Flags => (TcpFlags)frame[47];
    public ushort Window => Number16(48);
    public byte[] Data => frame[(34 + (frame[46] >> 4) * 4)..];

    /// <summary>Sequence numbers a TCP segment takes.</summary>
    public uint Length => (uint)Data.Length + ((Flags & TcpFlags.Syn) != 0 ? 1u : 0) + ((Flags & TcpFlags.Fin) != 0 ? 1u : 0);

    public static Seen Only(List<byte[]> frames) => new(Xunit.Assert.Single(frames));

    public static int Sum(byte[] bytes)
    {
        int sum = 0;
        for (int i = 0; i < bytes.Length; i += 2)
        {
            sum += bytes[i] << 8 | (i + 1 < bytes.Length ? bytes[i + 1] : 0);
            sum = (sum & 0xFFFF) + (sum >> 16);
        }
        return sum;
    }

    private ushort Number16(int at) => BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(at));
}
