using System.Collections;
using System.Management.Automation;
using System.Net;

namespace LguestPS.Cmdlets;

/// <summary>A network as a user may write it: 'user', a path (of a shared one), @{ user = @{ forward = '8080:80' } }, @{ tap = 'tap0' }, @{ shared = './lan0' }.</summary>
internal sealed class NetArgument(object? value, Func<string, string> toPath)
{
    private const string Kinds = "shared, user and tap";

    public NetDefinition ToDefinition()
    {
        if (Unwrap(value) is not IDictionary kinds)
        {
            string text = $"{Unwrap(value)}";
            return Same(text, "user") ? new UserNetDefinition() : Shared(text);
        }
        if (kinds.Count != 1) throw Invalid($"a network is of one kind ({Kinds}), such as @{{ user = @{{ forward = '8080:80' }} }}");
        DictionaryEntry only = kinds.Cast<DictionaryEntry>().Single();
        string kind = $"{only.Key}";
        object? settings = Unwrap(only.Value);
        if (Same(kind, "shared")) return Shared($"{settings}");
        if (Same(kind, "user")) return User(settings as IDictionary ?? throw Invalid("the settings of a user network are a table, such as @{ forward = '8080:80' }"));
        if (Same(kind, "tap")) return Tap(settings as IDictionary ?? new Hashtable { ["interface"] = settings });
        throw Invalid($"unknown network '{kind}'; known are {Kinds}");
    }

    private static object? Unwrap(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;

    private static bool Same(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);

    private static LguestException Invalid(string problem) => new(LguestError.InvalidDefinition, problem);

    private static IEnumerable<string> Texts(object? value) => value is IEnumerable and not string
        ? ((IEnumerable)value).Cast<object?>().Select(item => $"{Unwrap(item)}")
        : [$"{value}"];

    private SharedNetDefinition Shared(string path) => path.Length != 0 ? new SharedNetDefinition(toPath(path)) : throw Invalid("a shared network needs the path of its file");

    private UserNetDefinition User(IDictionary settings)
    {
        UserNetDefinition net = new();
        foreach (DictionaryEntry setting in settings)
        {
            object? value = Unwrap(setting.Value);
            net = $"{setting.Key}".ToLowerInvariant() switch
            {
                "network" => net with { Network = Network($"{value}") },
                "loopback" => net with { Loopback = LanguagePrimitives.IsTrue(value) && !Same($"{value}", "off") },
                "forward" => net with { Forward = [.. Texts(value).SelectMany(Forwards)] },
                "reach" => net with { Reach = [.. Texts(value).Select(Reach)] },
                "names" => net with { Names = [.. Names(value)] },
                "dns" => net with { Dns = Dns($"{value}") },
                "record" => net with { Record = toPath($"{value}") },
                "replay" => net with { Replay = toPath($"{value}") },
                _ => throw Invalid($"a user network has no setting '{setting.Key}'; it has network, loopback, forward, reach, names, dns, record and replay"),
            };
        }
        return net;
    }

    private TapNetDefinition Tap(IDictionary settings)
    {
        TapNetDefinition net = new("");
        foreach (DictionaryEntry setting in settings)
        {
            string text = $"{Unwrap(setting.Value)}";
            net = $"{setting.Key}".ToLowerInvariant() switch
            {
                "interface" => net with { Interface = text },
                "record" => net with { Record = toPath(text) },
                _ => throw Invalid($"a TAP network has no setting '{setting.Key}'; it has interface and record"),
            };
        }
        return net;
    }

    private static IPNetwork Network(string text) => DefinitionText.TryParseNetwork(text, out IPNetwork network) ? network : throw Invalid(DefinitionText.NetworkProblem(text));

    private static IReadOnlyList<PortForward> Forwards(string text) => PortForward.TryParseRange(text, out IReadOnlyList<PortForward>? range) ? range : throw Invalid(PortForward.Problem(text));

    private static IEnumerable<NetworkName> Names(object? value)
    {
        if (value is not IDictionary names) throw Invalid("the names of a user network are a table, such as @{ web = '10.0.2.2' }");
        foreach (DictionaryEntry entry in names)
            foreach (string address in Texts(Unwrap(entry.Value)))
                yield return NetworkName.TryMake($"{entry.Key}", address, out NetworkName? made) ? made : throw Invalid(NetworkName.Problem($"{entry.Key}", address));
    }

    private static DnsChoice Dns(string text) => Enum.TryParse(text, ignoreCase: true, out DnsChoice choice) && Enum.IsDefined(choice) ? choice : throw Invalid($"unknown dns '{text}'; known are off and host");

    private PortReach Reach(string text) => PortReach.TryParse(text, toPath, out PortReach? reach) ? reach : throw Invalid(PortReach.Problem(text));
}
