using System.Net;
using System.Net.Sockets;
using LguestPS.Definition;

namespace LguestPS;

/// <summary>A network between a guest and its host (ABI §8): the guest has slot 1, the host slot 0.</summary>
public abstract record HostNetDefinition : NetDefinition
{
    /// <summary>Absolute path of a pcapng file that every frame is written to, with guest time and direction; or null.</summary>
    public string? Record { get; init; }

    /// <summary>What is wrong with it by itself.</summary>
    internal abstract IEnumerable<string> Validate();
}

/// <summary>A network that needs no rights: the engine plays a gateway, and passes TCP and UDP on to sockets of the host.</summary>
/// <remarks>In 10.0.2.0/24 the gateway is 10.0.2.2 and the guest 10.0.2.15. Only what the definition says is reachable; by itself, nothing.</remarks>
public sealed record UserNetDefinition : HostNetDefinition
{
    /// <summary>The guest's network: IPv4, with a prefix from 8 to 27.</summary>
    public IPNetwork Network { get; init; } = new(new IPAddress([10, 0, 2, 0]), 24);

    /// <summary>Whether a port of the gateway that no <see cref="Reach"/> names is that port of the host's 127.0.0.1.</summary>
    public bool Loopback { get; init; }

    /// <summary>Ports of the host that lead to the guest.</summary>
    public IReadOnlyList<PortForward> Forward { get; init => field = value?.ToArray() ?? []; } = Array.Empty<PortForward>();

    /// <summary>Addresses and ports that lead from the guest to sockets of the host, or beyond it.</summary>
    public IReadOnlyList<PortReach> Reach { get; init => field = value?.ToArray() ?? []; } = Array.Empty<PortReach>();

    /// <summary>Names that the network answers for at its address number 3. With none, and <see cref="Dns"/> off, it has no name server.</summary>
    public IReadOnlyList<NetworkName> Names { get; init => field = value?.ToArray() ?? []; } = Array.Empty<NetworkName>();

    /// <summary>Who answers for all other names. With Host, whoever is in the guest can ask, and by asking tell, any name server the host's resolver asks.</summary>
    public DnsChoice Dns { get; init; }

    /// <summary>Absolute path of a pcapng file whose frames the guest gets instead, at the times they have there; then no socket is used. Or null.</summary>
    public string? Replay { get; init; }

    internal override IEnumerable<string> Validate()
    {
        if (!Ipv4Network.TryFrom(Network, out Ipv4Network addresses))
            yield return $"{Network} cannot be a guest's network; give an IPv4 network with a prefix from 8 to 27, such as 10.0.2.0/24";
        if (Forward.Any(rule => rule?.Host is null) || Reach.Any(rule => rule?.Host is null))
        {
            yield return "a rule of 'forward' or 'reach' is null, or its host is";
            yield break;
        }
        if (Reach.Any(reach => reach is { Transport: Transport.Udp, Host: UnixDomainSocketEndPoint }))
            yield return "a Unix socket here takes no UDP; reach it over TCP";
        foreach (PortReach reach in Reach)
            if (reach.Address is { AddressFamily: not AddressFamily.InterNetwork })
                yield return $"{reach.Address} is no address that a guest can reach; user networks are IPv4";
        foreach (PortForward rule in Forward)
        {
            if (rule.GuestAddress is null) continue;
            if (rule.GuestAddress.AddressFamily != AddressFamily.InterNetwork || Ipv4Address.From(rule.GuestAddress) is var guest && (!addresses.Contains(guest) || guest == addresses.Gateway || guest == addresses.NameServer || guest == addresses.Base || guest == addresses.Broadcast))
                yield return $"{rule.GuestAddress} cannot be the guest's: it is not one of those in {Network} that are free";
        }
        if (Names.Any(name => name?.Address is not { AddressFamily: AddressFamily.InterNetwork } || !NetworkName.IsName(name.Name)))
            yield return "a name of 'names' is not valid, or its address is not IPv4";
        else if (Names.GroupBy(name => (name.Name.ToLowerInvariant(), name.Address)).Any(same => same.Count() > 1))
            yield return "a name of 'names' is given twice with the same address";
        if (DefinitionText.ChoiceProblem(Dns) is { } choice) yield return choice;
        if ((Names.Count > 0 || Dns != DnsChoice.Off) && Reach.Any(reach => reach.Transport == Transport.Udp && reach.Port == 53 && reach.Address is { AddressFamily: AddressFamily.InterNetwork } asked && Ipv4Address.From(asked) == addresses.NameServer))
            yield return $"{addresses.NameServer}:53 is where 'names' and 'dns' are answered; take them away, or the rule of 'reach' for it";
        if (Replay is not null && Names.Count + (int)Dns != 0)
            yield return "a network that replays a recording answers nothing; take 'names' and 'dns' away";
        if (Replay is not null && Forward.Count + Reach.Count != 0)
            yield return "a network that replays a recording opens no sockets; take 'forward' and 'reach' away";
        if (Replay is not null && Replay == Record)
            yield return $"'{Replay}' cannot be replayed and recorded at the same time";
    }
}

/// <summary>A network over a TAP interface of Linux, which somebody with the right to do so has made or lets us make.</summary>
/// <param name="Interface">The interface's name, 1 to 15 characters.</param>
public sealed record TapNetDefinition(string Interface) : HostNetDefinition
{
    public const int LongestInterface = 15;

    internal override IEnumerable<string> Validate()
    {
        if (Interface is null || Interface.Length is 0 or > LongestInterface || Interface is "." or ".." || Interface.Any(c => c is '/' or ':' or '%' || !char.IsAscii(c) || char.IsControl(c) || c == ' '))
            yield return $"'{Interface}' cannot be the name of a TAP interface; it has 1 to {LongestInterface} characters, such as tap0";
    }
}
