using System.Net;
using System.Net.Sockets;

namespace LguestPS.Definition;

/// <summary>A range of addresses such as 10.0.2.0/24, with the parts a user network gives them.</summary>
internal readonly record struct Ipv4Network(Ipv4Address Base, int Prefix)
{
    // The gateway is number 2 and the guest number 15, as users of QEMU's user networks expect.
    private const uint GatewayNumber = 2;
    private const uint NameServerNumber = 3;
    private const uint GuestNumber = 15;
    private const int LongestPrefix = 27;     // the smallest network in which number 15 is not the broadcast
    private const int ShortestPrefix = 8;

    public Ipv4Address Mask => new(uint.MaxValue << (32 - Prefix));

    /// <summary>The host, as the guest sees it.</summary>
    public Ipv4Address Gateway => new(Base.Bits + GatewayNumber);

    /// <summary>Who answers for names, if anybody does.</summary>
    public Ipv4Address NameServer => new(Base.Bits + NameServerNumber);

    /// <summary>What DHCP gives the guest, and where forwarded connections go.</summary>
    public Ipv4Address Guest => new(Base.Bits + GuestNumber);

    public Ipv4Address Broadcast => new(Base.Bits | ~Mask.Bits);

    public bool Contains(Ipv4Address address) => (address.Bits & Mask.Bits) == Base.Bits;

    /// <returns>False if it is not IPv4, or its prefix is not one from 8 to 27.</returns>
    public static bool TryFrom(IPNetwork network, out Ipv4Network result)
    {
        result = default;
        if (network.BaseAddress.AddressFamily != AddressFamily.InterNetwork || network.PrefixLength is < ShortestPrefix or > LongestPrefix) return false;
        result = new Ipv4Network(Ipv4Address.From(network.BaseAddress), network.PrefixLength);
        return result.Base.IsUnicast;
    }

    public override string ToString() => $"{Base}/{Prefix}";
}
