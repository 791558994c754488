using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace LguestPS;

/// <summary>Who answers a guest's questions for names that its network does not define itself.</summary>
public enum DnsChoice
{
    /// <summary>Nobody: such a name does not exist.</summary>
    Off,

    /// <summary>The host's resolver.</summary>
    Host,
}

/// <summary>A name that a user network answers for, and its address.</summary>
/// <param name="Name">Labels of letters, digits, dashes and underscores with dots in between, at most 253 characters; upper case is as lower case.</param>
/// <param name="Address">An IPv4 address.</param>
public sealed record NetworkName(string Name, IPAddress Address)
{
    private const int LongestName = 253;
    private const int LongestLabel = 63;

    /// <summary>Reads <c>NAME=ADDRESS</c>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out NetworkName? name)
    {
        name = null;
        return text.Split('=', 2) is [var written, var address] && TryMake(written, address, out name);
    }

    /// <summary>Reads a name and an address.</summary>
    public static bool TryMake(string name, string address, [NotNullWhen(true)] out NetworkName? made)
    {
        made = null;
        if (!IsName(name) || !PortRuleText.TryParseIpv4(address, out IPAddress? parsed)) return false;
        made = new NetworkName(name, parsed);
        return true;
    }

    /// <summary>What is wrong with a name and an address that could not be read.</summary>
    public static string Problem(string name, string address) => IsName(name)
        ? $"'{address}' is not an IPv4 address; write it like 10.0.2.2"
        : $"'{name}' cannot be a name in a network; it has letters, digits, dashes, underscores and single dots in between";

    /// <summary>What is wrong with a text that could not be read.</summary>
    public static string Problem(string text) => text.Split('=', 2) is [var name, var address] ? Problem(name, address) : $"'{text}' does not name an address; write NAME=ADDRESS, such as web=10.0.2.2";

    /// <summary>Whether this can be a name.</summary>
    internal static bool IsName(string? text) => text is { Length: > 0 and <= LongestName }
        && text.Split('.').All(label => label.Length is > 0 and <= LongestLabel && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'));

    public override string ToString() => $"{Name}={Address}";
}
