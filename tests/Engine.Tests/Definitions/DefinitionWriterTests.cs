using System.Net;
using System.Net.Sockets;
using CsCheck;
using LguestPS.Checkpoints;
using LguestPS.Definitions;
using Xunit;

namespace LguestPS.Tests.Definitions;

/// <summary>A definition that is written as YAML is read as the same definition.</summary>
public class DefinitionWriterTests
{
    private static readonly Gen<string> Names = Gen.String[Gen.Char["abcXYZ019._-"], 1, 20];

    // Anything YAML has a meaning for, and what it has to escape.
    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.String[Gen.Char["abc =:#-'\"{}[],&*!|>%@`\t\n\\é\u2028\u0001?~ "], 0, 12],
        OneOf("", " ", "null", "~", "true", "0x10", "1e3", "- a", "a: b", "a #b", "'", "\"", "\uFEFF", "<<", "*a", "&a", "\r\n", "%YAML", "\U0001F427"));

    private static readonly Gen<string> Paths = Gen.Select(OneOf("/here", "/here/sub", "/elsewhere", "/here.too"), Gen.String[Gen.Char["ab c:#-~{'\"*&é.x"], 1, 8])
        .Select((folder, name) => Path.GetFullPath(Path.Combine(folder, $"f{name}"))).Where(path => path.Length > 1);

    private static readonly Gen<IPEndPoint> EndPoints = Gen.Select(
        OneOf("127.0.0.1", "0.0.0.0", "::1", "10.1.2.3", "fe80::1"), Gen.Int[1, 65535], (address, port) => new IPEndPoint(IPAddress.Parse(address), port));

    private static readonly Gen<Transport> Transports = Gen.Enum<Transport>();

    private static readonly Gen<PortForward> Forwards = Gen.Select(
        Transports, EndPoints, Gen.UShort[1, 65535], OneOf<string?>(null, "10.0.2.20"),
        (transport, host, port, address) => new PortForward(transport, host, port) { GuestAddress = address is null ? null : IPAddress.Parse(address) });

    // Each name's addresses stand together: a file has each name once.
    private static readonly Gen<NetworkName[]> HostNames = Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2], (first, second) =>
        Enumerable.Range(1, first).Select(i => new NetworkName("a.b", new IPAddress([10, 0, 2, (byte)i]))).Concat(Enumerable.Range(1, second).Select(i => new NetworkName("null", new IPAddress([1, 2, 3, (byte)i])))).ToArray());

    private static readonly Gen<PortReach> Reaches = Gen.Select(
        Transports, OneOf<string?>(null, "10.0.2.100"), Gen.UShort[1, 65535], EndPoints, Gen.Bool,
        (transport, address, port, host, unix) => new PortReach(
            transport, address is null ? null : IPAddress.Parse(address), port, unix && transport == Transport.Tcp ? new UnixDomainSocketEndPoint("/run/a socket") : host));

    private static readonly Gen<DeviceDefinition> Devices = Gen.OneOf<DeviceDefinition>(
        Gen.Select(Paths, Gen.Enum<BlockMode>(), Paths.Null(), (path, mode, overlay) => (DeviceDefinition)new BlockDefinition(path, mode, mode == BlockMode.Snapshot ? overlay : null)),
        Gen.Select(Paths, Gen.Long[BlockDefinition.LeastLimit, 1L << 40], (path, limit) => (DeviceDefinition)new BlockDefinition(path) { Limit = limit }),
        Paths.Select(path => (DeviceDefinition)new SharedNetDefinition(path)),
        Gen.Select(Gen.String[Gen.Char["tap0-~null"], 1, 15], Paths.Null(), (name, record) => (DeviceDefinition)new TapNetDefinition(name) { Record = record }).Where(tap => ((TapNetDefinition)tap).Interface is not ("." or "..")),
        Gen.Select(
            OneOf("10.0.2.0/24", "192.168.0.0/16"), Gen.Bool, Forwards.Array[0, 3], Reaches.Array[0, 3], Gen.Select(HostNames, Gen.Enum<DnsChoice>(), Paths.Null()),
            (network, loopback, forward, reach, rest) => (DeviceDefinition)new UserNetDefinition { Network = IPNetwork.Parse(network), Loopback = loopback, Forward = forward, Reach = reach, Names = rest.Item1, Dns = rest.Item2, Record = rest.Item3 }),
        Paths.Select(path => (DeviceDefinition)new UserNetDefinition { Replay = path }));

    private static readonly Gen<GuestLimits> Limits = Gen.Select(
        Gen.OneOf(Gen.Long[1, TimeSpan.TicksPerDay], Gen.Int[1, 999].Select(seconds => seconds * TimeSpan.TicksPerSecond)).Select(ticks => new TimeSpan(ticks)), Gen.Bool,
        Gen.Long[1, long.MaxValue], Gen.Bool, Gen.Int[1, GuestLimits.MostSockets], Gen.Long[1, 99].Nullable(),
        (time, timed, instructions, counted, sockets, reboots) => new GuestLimits(timed ? time : null, counted ? instructions : null, sockets, reboots));

    private static readonly Gen<GuestDefinition> Definitions =
        Gen.Select(
            Gen.Select(Names, Paths, Paths.Null(), Paths.Null(), Texts),
            Gen.Select(Gen.Int[256, 786432], OneOf("auto", "dma-2007-10", "pci-4.1"), Gen.Enum<ClockKind>(), Gen.Enum<TscChoice>(), Gen.Enum<DirectTrapChoice>()),
            Gen.Select(Gen.Enum<CompileChoice>(), Gen.Long[1, GuestDefinition.LongestSampling].Nullable(), Devices.Array[0, 6], Gen.Bool, Gen.Bool), Limits, Gen.Enum<CpuChoice>())
        .Select((files, machine, rest, limits, cpu) => new GuestDefinition
        {
            Name = files.Item1, Kernel = files.Item2, Initrd = files.Item3, Symbols = files.Item4, CommandLine = files.Item5,
            Memory = machine.Item1 * 4096L, Abi = machine.Item2, Clock = machine.Item3, Tsc = machine.Item4, DirectTraps = machine.Item5,
            Compile = rest.Item1, SampleEvery = rest.Item2, Devices = rest.Item4 ? [.. rest.Item3, new ConsoleDefinition()] : [new EntropyDefinition(), .. rest.Item3],
            Reboot = rest.Item5, Record = rest.Item5 && machine.Item3 != ClockKind.Host, Limits = limits, Cpu = cpu,
        })
        .Where(definition => !definition.Validate().Any());

    [Fact]
    public void Any_definition_comes_back_as_it_was() => Gen.Select(Definitions, Gen.Bool).Sample(
        (definition, hasFolder) =>
        {
            string folder = hasFolder ? "/here" : "/other";
            Assert.Equal(DefinitionJson.Write(definition), DefinitionJson.Write(Assert.Single(ReadIn(folder, GuestDefinitionWriter.Write([definition], hasFolder ? folder : null)))));
        },
        iter: 2000);

    [Fact]
    public void So_do_several_of_one_file() => Definitions.Array[2, 4].Sample(
        definitions =>
        {
            GuestDefinition[] named = [.. definitions.Select((definition, i) => definition with { Name = $"{definition.Name[..Math.Min(60, definition.Name.Length)]}{i}" })];
            Assert.Equal(named.Select(DefinitionJson.Write), ReadIn("/here", GuestDefinitionWriter.Write(named, "/here")).Select(DefinitionJson.Write));
        },
        iter: 100);

    [Fact]
    public void It_is_written_as_a_person_would() => Assert.Equal(
        """
        name: web
        kernel: vmlinux
        memory: 64MiB
        commandLine: console=hvc0 root=/dev/vda
        clock: virtual
        devices:
        - console
        - block:
            path: /images/root.img
            overlay: sub/changes.ovl
        - net:
            user:
              network: 10.0.2.0/24
              forward:
              - "tcp:127.0.0.1:8080:80"
        limits:
          time: 30s

        """.ReplaceLineEndings("\n"),
        GuestDefinitionWriter.Write(
            [
                new GuestDefinition
                {
                    Name = "web", Kernel = "/here/vmlinux", CommandLine = "console=hvc0 root=/dev/vda", Clock = ClockKind.Virtual, Limits = new GuestLimits(TimeSpan.FromSeconds(30)),
                    Devices =
                    [
                        new ConsoleDefinition(), new BlockDefinition("/images/root.img", Overlay: "/here/sub/changes.ovl"),
                        new UserNetDefinition { Forward = [new PortForward(Transport.Tcp, new IPEndPoint(IPAddress.Loopback, 8080), 80)] },
                    ],
                },
            ],
            "/here"));

    [Fact]
    public void What_no_file_could_define_is_refused()
    {
        GuestDefinition good = new() { Name = "a", Kernel = "/k" };
        Assert.Equal("two guests are named 'a'; a file names each guest once", Refuse(good, good));
        Assert.Equal("memory of 5 bytes is not possible; give a multiple of 4 KiB from 1 MiB to 3 GiB", Refuse(good with { Memory = 5 }));
        Assert.Equal("the command line is not valid Unicode", Refuse(good with { CommandLine = "\uD800" }));
    }

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static string Refuse(params GuestDefinition[] definitions)
    {
        LguestException refused = Assert.Throws<LguestException>(() => GuestDefinitionWriter.Write(definitions));
        Assert.Equal(LguestError.InvalidDefinition, refused.Error);
        return refused.Message;
    }

    /// <summary>What is read of this text if it is a file in this folder.</summary>
    private static IEnumerable<GuestDefinition> ReadIn(string folder, string text)
    {
        using DefinitionFile file = new(text);
        foreach (GuestDefinition read in new GuestDefinitionReader().ReadAll(file.Path))
        {
            // The test's own folder stands for the one that need not exist.
            string json = DefinitionJson.Write(read with { Source = null });
            yield return DefinitionJson.Read(json.Replace($"\"{file.Folder}", $"\"{folder}"));
        }
    }
}
