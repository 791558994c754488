using System.Text;
using LguestPS.Definitions;

namespace LguestPS.Tests.Fuzz;

/// <summary>Guest definitions in YAML.</summary>
internal sealed class DefinitionTarget : FileTarget
{
    private readonly GuestDefinitionReader reader = new();

    public override string Name => "definitions";

    public override int CasesInSuite => 1500;

    protected override string What => "a definition";

    protected override string FileName => "guest.yaml";

    protected override IEnumerable<byte[]> MakeSamples() =>
    [
        .. Directory.GetFiles(Repository.Path("examples"), "*.yaml", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllBytes),
        Encoding.UTF8.GetBytes("""
            name: all
            kernel: k.elf
            initrd: i.gz
            symbols: System.map
            memory: 64MiB
            commandLine: "console=hvc0 root=/dev/vda"
            cpu: emulated
            clock: virtual
            abi: auto
            record: true
            devices:
              - console
              - rng
              - block: { path: disk, mode: snapshot, overlay: changes, limit: 1GiB }
              - net: { user: { forward: [ 8080:80, 'udp:1:2' ], reach: [ '80=127.0.0.1:80' ], network: 10.0.2.0/24, loopback: off, record: f } }
              - net: { shared: ./lan0 }
              - net: { tap: tap0 }
            limits: { time: 30s, instructions: 5, sockets: 3, reboots: 2 }
            """),
        Encoding.UTF8.GetBytes("""
            x-disk: &disk { block: { path: d } }
            x-base: &base { kernel: &k /k, initrd: *k, devices: [ *disk, console ], limits: &limits { reboots: 3 } }
            x-net: &net { devices: [ net: { user: { names: { web: 10.0.2.2, db: [ 10.0.2.3 ] }, dns: host, forward: [ 8000-8002:80-82, 80:10.0.2.20:80 ] } } ] }
            guests:
              a: *base
              b: { <<: [ *net, *base ], memory: 8MiB }
            """),
    ];

    protected override IReadOnlyList<byte[]> Tokens { get; } = Mutator.Tokens(
        "&a ", "*a", "!!binary ", "!!python/object ", "{", "[", "]", "}", ": ", "- ", "\t", "|\n", ">\n", "? ", "'", "\"", "%YAML 1.1\n", "---\n", "...\n", "\u2028", "\uFEFF", "<<: ", "<<: *a\n",
        "\0", "#", "@", "`", "\\x", "\r", "null", "~", "1e999", "-1", "0x10", "99999999999999999999", "64GiB", "../../..", "/dev/zero", "/dev/tty", "[[[[[[[[[[[[[[[[", "{a: {a: {a: {a: ");

    protected override void Use(string path, TapeRandom random)
    {
        IReadOnlyList<GuestDefinition> guests = reader.ReadAll(path);
        foreach (GuestDefinition definition in guests)
        {
            Observation?.Add(definition.Validate().Count());
            Observation?.Add(definition.ToString());
        }
        Observation?.Add(GuestDefinitionWriter.Write(guests));
    }
}
