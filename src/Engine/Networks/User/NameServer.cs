using System.Net;
using System.Net.Sockets;
using LguestPS.Definition;

namespace LguestPS.Networks.User;

/// <summary>Answers the guest's questions for names: those that the definition has and, if it says so, those that the host's resolver knows.</summary>
/// <param name="network">The network it is part of.</param>
/// <param name="definition">The names.</param>
/// <param name="mailbox">Where what the resolver has found goes.</param>
/// <param name="resolver">Knows all other names; null for nobody.</param>
internal sealed class NameServer(UserNetwork network, UserNetDefinition definition, HostMailbox mailbox, INameResolver? resolver)
{
    public const ushort Port = 53;

    /// <summary>The most questions that the host's resolver has at a time; more are lost, and the guest asks again.</summary>
    public const int MostAsked = 16;

    private const int MostAddresses = 16;
    private const string ReverseSuffix = ".in-addr.arpa";

    private readonly ILookup<string, IPAddress> addresses = definition.Names.ToLookup(name => name.Name.ToLowerInvariant(), name => name.Address);

    /// <summary>Questions that the host's resolver has not answered yet.</summary>
    public int Asked { get; private set; }

    /// <summary>Whether a network has one: nothing is asked or answered unless its definition says so.</summary>
    public static bool IsWanted(UserNetDefinition definition) => definition.Names.Count > 0 || definition.Dns != DnsChoice.Off;

    /// <summary>Takes a question of the guest.</summary>
    public void Receive(UdpFlow flow, ReadOnlySpan<byte> message)
    {
        if (DnsQuestion.TryRead(message) is not { } question) return;
        if (AnswerHere(question) is { } answer) network.SendUdp(flow, answer);
        else if (Asked < MostAsked) _ = Ask(flow, question, resolver!);
    }

    /// <summary>What needs nobody else; null for what the resolver has to be asked.</summary>
    private byte[]? AnswerHere(DnsQuestion question)
    {
        if (question.Problem != DnsResult.Good) return question.Answer(question.Problem);
        if (addresses.Contains(question.Name))
        {
            // The network is IPv4: such a name has an address, and nothing of any other type.
            return question.Type is DnsType.Address or DnsType.Any
                ? question.AnswerAddresses([.. addresses[question.Name].Take(MostAddresses).Select(address => address.GetAddressBytes())], isOwn: true)
                : question.Answer(DnsResult.Good, isOwn: true);
        }
        if (question.Type == DnsType.Pointer && AddressIn(question.Name) is { } asked && definition.Names.FirstOrDefault(name => name.Address.Equals(asked)) is { } own)
            return question.AnswerName(own.Name, isOwn: true);
        // A name that is none cannot be known, and must not get to the resolver.
        if (resolver is null || !NetworkName.IsName(question.Name) || (AddressIn(question.Name) is { } inside && network.Addresses.Contains(Ipv4Address.From(inside)))) return question.Answer(DnsResult.NoSuchName);
        return question.Type == DnsType.Pointer && AddressIn(question.Name) is null ? question.Answer(DnsResult.NoSuchName) : null;
    }

    private async Task Ask(UdpFlow flow, DnsQuestion question, INameResolver resolver)
    {
        Asked++;
        byte[] answer;
        try
        {
            // Not on the guest's thread: some resolvers wait before their first await.
            answer = await Task.Run(() => Answer(question, resolver)).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            answer = question.Answer(e.SocketErrorCode switch
            {
                SocketError.HostNotFound => DnsResult.NoSuchName,
                SocketError.NoData => DnsResult.Good,
                _ => DnsResult.ServerFailure,
            });
        }
        catch (ArgumentException)
        {
            answer = question.Answer(DnsResult.ServerFailure);      // the host's resolver does not take such a name
        }
        mailbox.Post(() =>
        {
            Asked--;
            network.SendUdp(flow, answer);
        });
    }

    private static async Task<byte[]> Answer(DnsQuestion question, INameResolver resolver)
    {
        if (question.Type == DnsType.Pointer)
        {
            string name = await resolver.FindName(AddressIn(question.Name)!).ConfigureAwait(false);
            return NetworkName.IsName(name) ? question.AnswerName(name, isOwn: false) : question.Answer(DnsResult.NoSuchName);
        }
        // For other types, too: whether there is such a name is all that is said of them.
        IReadOnlyList<IPAddress> found = await resolver.FindAddresses(question.Name).ConfigureAwait(false);
        return question.Type is DnsType.Address or DnsType.Any
            ? question.AnswerAddresses([.. found.Where(address => address.AddressFamily == AddressFamily.InterNetwork).Take(MostAddresses).Select(address => address.GetAddressBytes())], isOwn: false)
            : question.Answer(DnsResult.Good);
    }

    /// <summary>The address that a name such as 2.2.0.10.in-addr.arpa stands for, or null.</summary>
    private static IPAddress? AddressIn(string name)
    {
        if (!name.EndsWith(ReverseSuffix, StringComparison.Ordinal)) return null;
        string[] parts = name[..^ReverseSuffix.Length].Split('.');
        byte[] bytes = new byte[4];
        if (parts.Length != bytes.Length) return null;
        for (int i = 0; i < bytes.Length; i++)
            if (!byte.TryParse(parts[^(i + 1)], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out bytes[i])) return null;
        return new IPAddress(bytes);
    }
}

/// <summary>Knows names and addresses beyond a guest's network. A SocketException says that it does not.</summary>
internal interface INameResolver
{
    Task<IReadOnlyList<IPAddress>> FindAddresses(string name);

    Task<string> FindName(IPAddress address);
}

/// <summary>The host's: its files, its name servers.</summary>
internal sealed class HostResolver : INameResolver
{
    public async Task<IReadOnlyList<IPAddress>> FindAddresses(string name) => await Dns.GetHostAddressesAsync(name).ConfigureAwait(false);

    public async Task<string> FindName(IPAddress address) => (await Dns.GetHostEntryAsync(address).ConfigureAwait(false)).HostName;
}
