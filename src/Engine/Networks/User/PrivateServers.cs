using System.Collections.Concurrent;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace LguestPS.Networks.User;

/// <summary>Servers of this process that no guest may reach, whatever its definition opens: who reaches them can do anything to a guest.</summary>
internal static class PrivateServers
{
    private static readonly ConcurrentDictionary<IPEndPoint, byte> Servers = new();

    public static void Add(IPEndPoint server) => Servers[server] = 0;

    public static void Remove(IPEndPoint server) => Servers.TryRemove(server, out _);

    /// <summary>Whether a connection to this socket address could end at one of them.</summary>
    public static bool IsAt(EndPoint place) =>
        place is IPEndPoint asked && Servers.Keys.Any(server => server.Port == asked.Port && MayBe(server.Address, Plain(asked.Address)));

    private static bool MayBe(IPAddress server, IPAddress asked) =>
        asked.Equals(Plain(server)) || IsAny(asked) || (IsAny(server) ? IsOfThisMachine(asked) : IPAddress.IsLoopback(server) && IPAddress.IsLoopback(asked));

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    private static bool IsOfThisMachine(IPAddress address)
    {
        if (IPAddress.IsLoopback(address)) return true;
        try
        {
            return NetworkInterface.GetAllNetworkInterfaces().SelectMany(face => face.GetIPProperties().UnicastAddresses).Any(own => own.Address.Equals(address));
        }
        catch (Exception e) when (e is NetworkInformationException or SocketException or PlatformNotSupportedException)
        {
            return true;        // it cannot be known: then it is better refused
        }
    }
}
