using System.Net;
using LguestPS.Definition;

namespace LguestPS.Networks.User;

/// <summary>Where the addresses that the guest uses lead: what the definition allows, and nothing else.</summary>
internal sealed class HostMap(UserNetDefinition definition, Ipv4Network network)
{
    private readonly Dictionary<(Transport, Ipv4Address, ushort), EndPoint> rules = MakeRules(definition, network);
    private readonly HashSet<Ipv4Address> addresses =
        [network.Gateway, .. NameServer.IsWanted(definition) ? [network.NameServer] : Array.Empty<Ipv4Address>(), .. definition.Reach.Where(reach => reach.Address is not null).Select(reach => Ipv4Address.From(reach.Address!))];

    /// <summary>Whether the host answers for this address.</summary>
    public bool Has(Ipv4Address address) => addresses.Contains(address);

    /// <summary>The socket of the host for an address and port of the guest's network, or null.</summary>
    public EndPoint? Find(Transport transport, Ipv4Address address, ushort port) =>
        Lookup(transport, address, port) is { } place && !PrivateServers.IsAt(place) ? place : null;

    private EndPoint? Lookup(Transport transport, Ipv4Address address, ushort port)
    {
        if (rules.TryGetValue((transport, address, port), out EndPoint? host)) return host;
        return definition.Loopback && address == network.Gateway && port != 0 ? new IPEndPoint(IPAddress.Loopback, port) : null;
    }

    private static Dictionary<(Transport, Ipv4Address, ushort), EndPoint> MakeRules(UserNetDefinition definition, Ipv4Network network)
    {
        Dictionary<(Transport, Ipv4Address, ushort), EndPoint> rules = [];
        foreach (PortReach reach in definition.Reach)
            rules[(reach.Transport, reach.Address is null ? network.Gateway : Ipv4Address.From(reach.Address), reach.Port)] = reach.Host;
        return rules;
    }
}
