using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace LguestPS;

/// <summary>What carries a connection or datagram.</summary>
public enum Transport : long
{
    Tcp,
    Udp,
}

/// <summary>A port of the host that leads to one of the guest.</summary>
/// <param name="Transport">What it carries.</param>
/// <param name="Host">Where the host listens; port 0 takes any that is free.</param>
/// <param name="GuestPort">The guest's port, from 1.</param>
public sealed record PortForward(Transport Transport, IPEndPoint Host, ushort GuestPort)
{
    /// <summary>The most ports of a range.</summary>
    public const int LongestRange = 1000;

    /// <summary>The guest's address; null for the one that DHCP gives it.</summary>
    public IPAddress? GuestAddress { get; init; }

    /// <summary>Reads <c>[tcp:|udp:][ADDRESS:]PORT:[GUESTADDRESS:]GUESTPORT</c>; without an address the host listens on 127.0.0.1.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out PortForward? forward)
    {
        forward = TryParseRange(text, out IReadOnlyList<PortForward>? range) && range.Count == 1 ? range[0] : null;
        return forward is not null;
    }

    /// <summary>Reads the same, where each of the ports may be a range of as many: <c>8000-8010:80-90</c>.</summary>
    public static bool TryParseRange(string text, [NotNullWhen(true)] out IReadOnlyList<PortForward>? range)
    {
        range = null;
        (Transport transport, string rest) = PortRuleText.TakeTransport(text);
        int last = rest.LastIndexOf(':');
        if (last < 0 || !PortRuleText.TryParsePorts(rest[(last + 1)..], out ushort guest, out int guests) || guest == 0) return false;
        rest = rest[..last];
        IPAddress? address = null;
        // 127.0.0.1:80 has an address of the host, and 80:10.0.2.20:80 one of the guest before the last port.
        if (rest.LastIndexOf(':') is >= 0 and var before && PortRuleText.TryParseIpv4(rest[(before + 1)..], out address)) rest = rest[..before];
        int colon = rest.LastIndexOf(':');
        if (!PortRuleText.TryParsePorts(rest[(colon + 1)..], out ushort first, out int count) || count != guests || (first == 0 && count > 1)) return false;
        if (!PortRuleText.TryParseEndPoint($"{rest[..(colon + 1)]}{first}", IPAddress.Loopback, out IPEndPoint? host)) return false;
        range = Enumerable.Range(0, count).Select(i => new PortForward(transport, new IPEndPoint(host.Address, first + i), (ushort)(guest + i)) { GuestAddress = address }).ToArray();
        return true;
    }

    /// <summary>What is wrong with a text that could not be read.</summary>
    public static string Problem(string text) =>
        $"'{text}' is not a forwarded port; write HOSTPORT:GUESTPORT, such as 8080:80, or udp:5353:53, or 0.0.0.0:8080:80 to listen on every address, or 8000-8010:80-90 for as many ports (at most {LongestRange}), or 8080:10.0.2.20:80 for another address of the guest";

    public override string ToString() => $"{DefinitionText.NameOf(Transport)}:{Host}:{(GuestAddress is null ? "" : $"{GuestAddress}:")}{GuestPort}";
}

/// <summary>An address and port that the guest may use, and where it leads.</summary>
/// <param name="Transport">What it carries.</param>
/// <param name="Address">The address the guest uses; null for the gateway's.</param>
/// <param name="Port">The port the guest uses, from 1.</param>
/// <param name="Host">An IPv4 or IPv6 endpoint, or (TCP only) a socket in the file system.</param>
public sealed record PortReach(Transport Transport, IPAddress? Address, ushort Port, EndPoint Host)
{
    private const string UnixPrefix = "unix:";

    /// <summary>Reads <c>[tcp:|udp:][ADDRESS:]PORT=ADDRESS:PORT</c> or <c>…=unix:PATH</c>; makes that path absolute with <paramref name="toPath"/>.</summary>
    public static bool TryParse(string text, Func<string, string> toPath, [NotNullWhen(true)] out PortReach? reach)
    {
        reach = null;
        (Transport transport, string rest) = PortRuleText.TakeTransport(text);
        if (rest.Split('=', 2) is not [var seen, var target]) return false;
        if (!PortRuleText.TryParseEndPoint(seen, IPAddress.None, out IPEndPoint? guest) || guest.Port == 0 || guest.AddressFamily != AddressFamily.InterNetwork) return false;
        EndPoint host;
        if (target.StartsWith(UnixPrefix, StringComparison.Ordinal))
        {
            string path = target[UnixPrefix.Length..];
            if (transport != Transport.Tcp || path.Length == 0 || path.Contains('\0')) return false;
            if (!TryMakeUnix(toPath(path), out UnixDomainSocketEndPoint? unix)) return false;
            host = unix;
        }
        else
        {
            if (!target.Contains(':') || !PortRuleText.TryParseEndPoint(target, IPAddress.None, out IPEndPoint? endPoint) || endPoint.Port == 0) return false;
            host = endPoint;
        }
        reach = new PortReach(transport, guest.Address.Equals(IPAddress.None) ? null : guest.Address, (ushort)guest.Port, host);
        return true;
    }

    /// <summary>What is wrong with a text that could not be read.</summary>
    public static string Problem(string text) =>
        $"'{text}' does not say what the guest may reach; write PORT=ADDRESS:PORT, such as 80=127.0.0.1:8080, or 10.0.2.100:80=unix:/run/web.sock (numbers, no names)";

    public override string ToString() =>
        $"{DefinitionText.NameOf(Transport)}:{(Address is null ? "" : $"{Address}:")}{Port}={(Host is UnixDomainSocketEndPoint ? UnixPrefix : "")}{Host}";

    private static bool TryMakeUnix(string path, [NotNullWhen(true)] out UnixDomainSocketEndPoint? endPoint)
    {
        try
        {
            endPoint = new UnixDomainSocketEndPoint(path);
            return true;
        }
        catch (ArgumentOutOfRangeException)     // longer than the system's 107 bytes
        {
            endPoint = null;
            return false;
        }
    }
}

/// <summary>The parts that both kinds of rule are written with.</summary>
internal static class PortRuleText
{
    public static (Transport Transport, string Text) TakeTransport(string text)
    {
        foreach (Transport transport in Enum.GetValues<Transport>())
        {
            string prefix = DefinitionText.NameOf(transport) + ":";
            if (text.StartsWith(prefix, StringComparison.Ordinal)) return (transport, text[prefix.Length..]);
        }
        return (Transport.Tcp, text);
    }

    public static bool TryParsePort(string text, out ushort port) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port);

    /// <summary>Reads PORT or PORT-PORT.</summary>
    public static bool TryParsePorts(string text, out ushort first, out int count)
    {
        count = 1;
        string[] ends = text.Split('-');
        if (!TryParsePort(ends[0], out first)) return false;
        if (ends.Length == 1) return true;
        if (ends.Length != 2 || first == 0 || !TryParsePort(ends[1], out ushort last)) return false;
        count = last - first + 1;
        return count is > 0 and <= PortForward.LongestRange;
    }

    /// <summary>Reads an address such as 10.0.2.15, of which all four numbers are written.</summary>
    public static bool TryParseIpv4(string text, [NotNullWhen(true)] out IPAddress? address)
    {
        address = null;
        if (text.Count(c => c == '.') != 3 || !IPAddress.TryParse(text, out IPAddress? parsed) || parsed.AddressFamily != AddressFamily.InterNetwork) return false;
        address = parsed;
        return true;
    }

    /// <summary>Reads PORT, ADDRESS:PORT or [ADDRESS]:PORT.</summary>
    public static bool TryParseEndPoint(string text, IPAddress unsaid, [NotNullWhen(true)] out IPEndPoint? endPoint)
    {
        endPoint = null;
        int last = text.LastIndexOf(':');
        if (!TryParsePort(text[(last + 1)..], out ushort port)) return false;
        IPAddress? address = unsaid;
        if (last >= 0)
        {
            string name = text[..last];
            bool inBrackets = name is ['[', .., ']'];
            if (!IPAddress.TryParse(inBrackets ? name[1..^1] : name, out address)) return false;
            // IPAddress reads "1" as 0.0.0.1, and an IPv6 address without brackets could swallow its port.
            bool plain = address.AddressFamily == AddressFamily.InterNetwork ? name.Count(c => c == '.') == 3 && !inBrackets : inBrackets;
            if (!plain) return false;
        }
        endPoint = new IPEndPoint(address, port);
        return true;
    }
}
