using System.Buffers.Binary;
using LguestPS.Definition;

namespace LguestPS.Networks.User;

/// <summary>Gives the guest its address, by DHCP (RFC 2131) or by BOOTP (RFC 951) as older clients ask.</summary>
/// <param name="network">Its addresses.</param>
/// <param name="hasNameServer">Whether the guest is told of a name server.</param>
internal sealed class DhcpServer(Ipv4Network network, bool hasNameServer)
{
    public const ushort ServerPort = 67;
    public const ushort ClientPort = 68;

    // Offsets in the message.
    private const int TransactionAt = 4;
    private const int FlagsAt = 10;
    private const int ClientAddressAt = 12;
    private const int YourAddressAt = 16;
    private const int ServerAddressAt = 20;
    private const int HardwareAddressAt = 28;
    private const int HardwareAddressSize = 16;
    private const int CookieAt = 236;
    private const int OptionsAt = 240;
    private const int ReplySize = 300;          // the least a BOOTP client expects

    private const byte BootRequest = 1;
    private const byte BootReply = 2;
    private const byte Ethernet = 1;
    private const uint Cookie = 0x63825363;
    private const uint LeaseSeconds = 24 * 60 * 60;

    private enum Option : byte
    {
        Pad = 0,
        SubnetMask = 1,
        Router = 3,
        NameServer = 6,
        BroadcastAddress = 28,
        RequestedAddress = 50,
        LeaseTime = 51,
        MessageType = 53,
        ServerIdentifier = 54,
        End = 255,
    }

    private enum MessageType : byte
    {
        Bootp = 0,
        Discover = 1,
        Offer = 2,
        Request = 3,
        Acknowledge = 5,
        Refuse = 6,
        Inform = 8,
    }

    /// <summary>Where an answer goes (RFC 2131 §4.1): to the address the client says it has; a refusal, and what a client without one gets, to all.</summary>
    public static Ipv4Address DestinationOf(ReadOnlySpan<byte> reply)
    {
        Ipv4Address client = Ipv4Address.Read(reply[ClientAddressAt..]);
        return client.IsUnicast ? client : Ipv4Address.Broadcast;
    }

    /// <summary>The answer to a client's message, or null if it gets none.</summary>
    public byte[]? TryAnswer(ReadOnlySpan<byte> request)
    {
        if (request.Length < OptionsAt || request[0] != BootRequest || request[1] != Ethernet || request[2] != MacAddress.Size) return null;
        bool hasOptions = BinaryPrimitives.ReadUInt32BigEndian(request[CookieAt..]) == Cookie;
        ReadOnlySpan<byte> options = hasOptions ? request[OptionsAt..] : [];
        MessageType asked = FindOption(options, Option.MessageType) is [var type] ? (MessageType)type : MessageType.Bootp;
        if (FindOption(options, Option.ServerIdentifier) is { Length: Ipv4Address.Size } server && Ipv4Address.Read(server) != network.Gateway) return null;
        return asked switch
        {
            MessageType.Bootp => Reply(request, MessageType.Bootp),
            MessageType.Discover => Reply(request, MessageType.Offer),
            MessageType.Request => Reply(request, WantedAddress(request, options) == network.Guest ? MessageType.Acknowledge : MessageType.Refuse),
            MessageType.Inform => Reply(request, MessageType.Acknowledge, givesAddress: false),
            _ => null,
        };
    }

    private static Ipv4Address WantedAddress(ReadOnlySpan<byte> request, ReadOnlySpan<byte> options) =>
        Ipv4Address.Read(FindOption(options, Option.RequestedAddress) is { Length: Ipv4Address.Size } wanted ? wanted : request[ClientAddressAt..]);

    private static ReadOnlySpan<byte> FindOption(ReadOnlySpan<byte> options, Option wanted)
    {
        while (!options.IsEmpty && options[0] != (byte)Option.End)
        {
            if (options[0] == (byte)Option.Pad)
            {
                options = options[1..];
                continue;
            }
            if (options.Length < 2 || options[1] > options.Length - 2) break;
            if (options[0] == (byte)wanted) return options.Slice(2, options[1]);
            options = options[(2 + options[1])..];
        }
        return [];
    }

    private byte[] Reply(ReadOnlySpan<byte> request, MessageType type, bool givesAddress = true)
    {
        byte[] reply = new byte[ReplySize];
        reply[0] = BootReply;
        reply[1] = Ethernet;
        reply[2] = MacAddress.Size;
        request.Slice(TransactionAt, 4).CopyTo(reply.AsSpan(TransactionAt));
        request.Slice(FlagsAt, 2).CopyTo(reply.AsSpan(FlagsAt));
        request.Slice(HardwareAddressAt, HardwareAddressSize).CopyTo(reply.AsSpan(HardwareAddressAt));
        if (type != MessageType.Refuse)
        {
            if (givesAddress) network.Guest.Write(reply.AsSpan(YourAddressAt));
            // An offer is for a client without an address, whatever it says (RFC 2131, table 3).
            if (type != MessageType.Offer) request.Slice(ClientAddressAt, Ipv4Address.Size).CopyTo(reply.AsSpan(ClientAddressAt));
            network.Gateway.Write(reply.AsSpan(ServerAddressAt));
        }
        BinaryPrimitives.WriteUInt32BigEndian(reply.AsSpan(CookieAt), Cookie);

        Span<byte> options = reply.AsSpan(OptionsAt);
        if (type != MessageType.Bootp)
        {
            options = Add(options, Option.MessageType, [(byte)type]);
            options = Add(options, Option.ServerIdentifier, network.Gateway.Bits);
            if (type != MessageType.Refuse && givesAddress) options = Add(options, Option.LeaseTime, LeaseSeconds);
        }
        if (type != MessageType.Refuse)
        {
            options = Add(options, Option.SubnetMask, network.Mask.Bits);
            options = Add(options, Option.Router, network.Gateway.Bits);
            if (hasNameServer) options = Add(options, Option.NameServer, network.NameServer.Bits);
            options = Add(options, Option.BroadcastAddress, network.Broadcast.Bits);
        }
        options[0] = (byte)Option.End;
        return reply;
    }

    private static Span<byte> Add(Span<byte> options, Option option, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return Add(options, option, bytes);
    }

    private static Span<byte> Add(Span<byte> options, Option option, scoped ReadOnlySpan<byte> value)
    {
        options[0] = (byte)option;
        options[1] = (byte)value.Length;
        value.CopyTo(options[2..]);
        return options[(2 + value.Length)..];
    }
}
