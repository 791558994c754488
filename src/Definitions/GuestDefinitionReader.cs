namespace LguestPS.Definitions;

/// <summary>Reads guest definitions, and matrices of them, written in YAML.</summary>
public sealed class GuestDefinitionReader
{
    /// <summary>The key of a file that defines several guests.</summary>
    internal const string GuestsKey = "guests";

    private static readonly YamlKeys<GuestLimits> LimitKeys = new()
    {
        ["time"] = (limits, value) => limits with { Time = value.Time() },
        ["instructions"] = (limits, value) => limits with { Instructions = value.Count() },
        ["sockets"] = (limits, value) => limits with { Sockets = (int)Math.Min(value.Count(), int.MaxValue) },
        ["reboots"] = (limits, value) => limits with { Reboots = value.Count() },
    };

    private static readonly YamlKeys<BlockDefinition> BlockKeys = new()
    {
        ["path"] = (block, value) => block with { Path = value.FullPath() },
        ["mode"] = (block, value) => block with { Mode = value.OneOf<BlockMode>() },
        ["overlay"] = (block, value) => block with { Overlay = value.FullPath() },
        ["limit"] = (block, value) => block with { Limit = value.Size() },
    };

    private static readonly YamlKeys<UserNetDefinition> UserNetKeys = new()
    {
        ["network"] = (net, value) => net with { Network = value.Network() },
        ["loopback"] = (net, value) => net with { Loopback = value.OneOf<Switch>() == Switch.On },
        ["forward"] = (net, value) => net with { Forward = [.. value.Items("port").SelectMany(item => item.PortForwards())] },
        ["reach"] = (net, value) => net with { Reach = [.. value.Items("rule").Select(item => item.PortReach())] },
        ["names"] = (net, value) => net with { Names = [.. value.Members("a mapping from names to addresses, such as { web: 10.0.2.2 }").SelectMany(entry => entry.NetworkNames())] },
        ["dns"] = (net, value) => net with { Dns = value.OneOf<DnsChoice>() },
        ["record"] = (net, value) => net with { Record = value.FullPath() },
        ["replay"] = (net, value) => net with { Replay = value.FullPath() },
    };

    private static readonly YamlKeys<TapNetDefinition> TapNetKeys = new()
    {
        ["interface"] = (net, value) => net with { Interface = value.Text() },
        ["record"] = (net, value) => net with { Record = value.FullPath() },
    };

    private static readonly Dictionary<string, Func<YamlValue, NetDefinition>> NetKinds = new()
    {
        ["shared"] = value => new SharedNetDefinition(value.FullPath()),
        ["user"] = value => value.IsEmpty ? new UserNetDefinition() : value.Read(new UserNetDefinition(), UserNetKeys),
        ["tap"] = value => value.IsMapping ? value.Read(new TapNetDefinition(""), TapNetKeys, required: "interface") : new TapNetDefinition(value.Text()),
    };

    private static readonly Dictionary<string, Func<YamlValue, DeviceDefinition>> DeviceKinds = new()
    {
        ["console"] = value => value.IsEmpty ? new ConsoleDefinition() : throw value.Problem("a console has no settings; write just 'console'"),
        ["block"] = value => value.Read(new BlockDefinition(""), BlockKeys, required: "path"),
        ["rng"] = value => value.IsEmpty ? new EntropyDefinition() : throw value.Problem("a source of random numbers has no settings; write just 'rng'"),
        ["net"] = value => value.IsEmpty ? throw value.Problem("'net' needs its kind, such as '{ shared: ./lan0 }'") : ReadKind("net", value, NetKinds),
    };

    private static readonly YamlKeys<GuestDefinition> GuestKeys = new()
    {
        ["name"] = (guest, value) => guest with { Name = value.Text() },
        ["kernel"] = (guest, value) => guest with { Kernel = value.FullPath() },
        ["initrd"] = (guest, value) => guest with { Initrd = value.FullPath() },
        ["symbols"] = (guest, value) => guest with { Symbols = value.FullPath() },
        ["memory"] = (guest, value) => guest with { Memory = value.Size() },
        ["commandLine"] = (guest, value) => guest with { CommandLine = value.Text() },
        ["cpus"] = (guest, value) => value.Count() == 1 ? guest : throw value.Problem(DefinitionText.OneProcessor),
        ["abi"] = (guest, value) => guest with { Abi = value.Text() },
        ["cpu"] = (guest, value) => guest with { Cpu = value.OneOf<CpuChoice>() },
        ["clock"] = (guest, value) => guest with { Clock = value.OneOf<ClockKind>() },
        ["tsc"] = (guest, value) => guest with { Tsc = value.OneOf<TscChoice>() },
        ["directTraps"] = (guest, value) => guest with { DirectTraps = value.OneOf<DirectTrapChoice>() },
        ["compile"] = (guest, value) => guest with { Compile = value.OneOf<CompileChoice>() },
        ["sampleEvery"] = (guest, value) => guest with { SampleEvery = value.Count() },
        ["devices"] = (guest, value) => guest with { Devices = [.. value.Items("device").Select(device => ReadKind("device", device, DeviceKinds))] },
        ["record"] = (guest, value) => guest with { Record = value.TrueOrFalse() },
        ["reboot"] = (guest, value) => guest with { Reboot = value.TrueOrFalse() },
        ["limits"] = (guest, value) => guest with { Limits = value.Read(new GuestLimits(), LimitKeys) },
    };

    /// <summary>Every key and word that may be written, by where it may stand: what docs/lguest-guest.schema.json tells editors.</summary>
    internal static IReadOnlyDictionary<string, IEnumerable<string>> Vocabulary => new Dictionary<string, IEnumerable<string>>
    {
        ["guest"] = GuestKeys.Keys,
        ["guests"] = [GuestsKey],
        ["limits"] = LimitKeys.Keys,
        ["device"] = DeviceKinds.Keys,
        ["block"] = BlockKeys.Keys,
        ["net"] = NetKinds.Keys,
        ["userNet"] = UserNetKeys.Keys,
        ["tapNet"] = TapNetKeys.Keys,
        ["abi"] = AbiProfile.Names,
        ["cpu"] = DefinitionText.Names<CpuChoice>(),
        ["clock"] = DefinitionText.Names<ClockKind>(),
        ["tsc"] = DefinitionText.Names<TscChoice>(),
        ["directTraps"] = DefinitionText.Names<DirectTrapChoice>(),
        ["compile"] = DefinitionText.Names<CompileChoice>(),
        ["mode"] = DefinitionText.Names<BlockMode>(),
        ["loopback"] = DefinitionText.Names<Switch>(),
        ["dns"] = DefinitionText.Names<DnsChoice>(),
    };

    /// <summary>Reads and checks a whole definition. Opens no other file.</summary>
    /// <param name="path">Path of a YAML file; relative paths in it are relative to its folder.</param>
    /// <exception cref="LguestException">FileUnavailable; or InvalidDefinition with the line and column, also if it defines several guests.</exception>
    public GuestDefinition Read(string path)
    {
        YamlSource source = YamlSource.Open(path);
        YamlValue root = YamlParser.Parse(source);
        return FindGuests(root) is { } guests
            ? throw guests.KeyProblem($"this file defines {guests.Entries.Count} guests ({string.Join(", ", guests.Entries.Keys)}); choose one of them")
            : Read(root, NameOf(source), source.Path);
    }

    /// <summary>Reads and checks all guests that a file defines, in the file's order: one, or those below <c>guests</c>. Opens no other file.</summary>
    /// <param name="path">As for <see cref="Read"/>.</param>
    /// <exception cref="LguestException">FileUnavailable; or InvalidDefinition with the line and column.</exception>
    public IReadOnlyList<GuestDefinition> ReadAll(string path)
    {
        YamlSource source = YamlSource.Open(path);
        YamlValue root = YamlParser.Parse(source);
        if (FindGuests(root) is not { } guests) return [Read(root, NameOf(source), source.Path)];
        return [.. guests.Entries.Values.Select(guest => Read(guest, guest.Key, source.Path))];
    }

    /// <summary>Reads and checks a matrix, with the definitions it names. Opens no other file.</summary>
    /// <param name="path">Path of a YAML file; relative paths in it are relative to its folder.</param>
    /// <exception cref="LguestException">FileUnavailable; or InvalidDefinition with the line and column.</exception>
    public GuestMatrix ReadMatrix(string path) => MatrixReader.Read(path, ReadAll);

    /// <summary>Adds to a problem with a file the place in the definition that names the file.</summary>
    /// <param name="problem">What making a guest threw.</param>
    /// <param name="definition">The definition the guest was made of.</param>
    /// <returns>The problem with file, line and column; itself if it is about no file that a definition's text names.</returns>
    public LguestException Locate(LguestException problem, GuestDefinition definition)
    {
        if (problem is not { Path: { } file, Line: null } || definition.Source is not { } path) return problem;
        try
        {
            return YamlParser.Parse(YamlSource.Open(path)).FindPath(file) is { } value ? value.Located(problem) : problem;
        }
        catch (LguestException)
        {
            return problem;     // the definition was changed or removed since it was read
        }
    }

    private static string NameOf(YamlSource source) => GuestDefinition.NameFrom(Path.GetFileNameWithoutExtension(source.Path));

    /// <summary>Reads one guest.</summary>
    /// <param name="value">The mapping that defines it.</param>
    /// <param name="name">Its name unless it has one.</param>
    /// <param name="source">The file, or null if it stands inside a matrix.</param>
    internal static GuestDefinition Read(YamlValue value, string name, string? source)
    {
        GuestDefinition definition = value.WithoutExtensions().Read(new GuestDefinition { Name = name, Kernel = "", Source = source }, GuestKeys, required: "kernel");
        foreach ((string property, string problem) in definition.Validate())
            throw value.FindKey(property).Problem(problem);
        return definition;
    }

    /// <summary>The guests of a file with several, by their names; null if the file is one guest's.</summary>
    private static YamlMapping? FindGuests(YamlValue root)
    {
        if (root is not YamlMapping { Entries: { } entries } || !entries.TryGetValue(GuestsKey, out YamlValue? guests)) return null;
        foreach ((string key, YamlValue value) in entries)
            if (key != GuestsKey && !YamlMapping.IsExtension(key))
                throw value.KeyProblem($"'{key}' stands beside '{GuestsKey}'; what is a guest's stands below its name, and what several share below a key such as 'x-base'");
        if (guests is not YamlMapping { Entries.Count: > 0 } named) throw guests.Problem($"'{GuestsKey}' is a mapping from names to guests");
        foreach (YamlValue guest in named.Entries.Values)
            if (guest is YamlMapping { Entries: { } own } && own.TryGetValue("name", out YamlValue? name)) throw name.KeyProblem($"this guest has its name already: '{guest.Key}'");
        return named;
    }

    private enum Switch
    {
        On,
        Off,
    }

    private static T ReadKind<T>(string what, YamlValue item, Dictionary<string, Func<YamlValue, T>> kinds)
    {
        YamlValue kind = item.IsMapping ? item.OnlyEntry($"a {what} is one key with its settings indented below it") : item.AsKey();
        return kinds.TryGetValue(kind.Key, out Func<YamlValue, T>? read)
            ? read(kind)
            : throw kind.KeyProblem($"unknown {what} '{kind.Key}'{DefinitionText.Instead(kind.Key, kinds.Keys)}");
    }
}
