using System.Text.Json;

namespace LguestPS.Tests;

/// <summary>One entry of tests/guests/expected.json: a guest, how it is run, and how that must go.</summary>
internal sealed class GuestRun(JsonElement entry)
{
    private static readonly string Folder = Repository.Path("tests", "guests");

    public static IReadOnlyList<GuestRun> All { get; } =
        [.. JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "expected.json"))).RootElement.EnumerateArray().Select(entry => new GuestRun(entry))];

    public string Name => entry.GetProperty("name").GetString()!;

    public IEnumerable<ClockKind> Clocks => Strings("clocks")!.Select(name => Enum.Parse<ClockKind>(name, ignoreCase: true));

    public bool RequiresFpu => Strings("requires")?.Contains("fpu") ?? false;

    public string? Input => String("input");

    public string? Ending => String("ending");

    public string? EndingStartsWith => String("endingStartsWith");

    public IReadOnlyList<string>? Hypercalls => Strings("hypercalls");

    public IReadOnlyList<string> Console => Strings("console") ?? [];

    public GuestDefinition Definition(ClockKind clock) => new()
    {
        Name = Name,
        Abi = String("abi") ?? AbiProfile.DefaultName,
        Kernel = FullPath(entry.GetProperty("image").GetString()!),
        Memory = entry.GetProperty("memoryMiB").GetInt64() << 20,
        CommandLine = String("commandLine") ?? "",
        Cpu = CpuChoice.Emulated,
        Clock = clock,
        Devices = entry.TryGetProperty("devices", out JsonElement devices) ? [.. devices.EnumerateArray().Select(Device)] : [new ConsoleDefinition()],
    };

    private string? String(string name) => entry.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

    private IReadOnlyList<string>? Strings(string name) =>
        entry.TryGetProperty(name, out JsonElement values) ? [.. values.EnumerateArray().Select(value => value.GetString()!)] : null;

    private static DeviceDefinition Device(JsonElement device)
    {
        if (device.ValueKind != JsonValueKind.String)
            return new BlockDefinition(FullPath(device.GetProperty("block").GetString()!), Enum.Parse<BlockMode>(device.GetProperty("mode").GetString()!, ignoreCase: true));
        return device.GetString() switch
        {
            "console" => new ConsoleDefinition(),
            "rng" => new EntropyDefinition(),
            var other => throw new FormatException($"expected.json has a device '{other}', which is none"),
        };
    }

    private static string FullPath(string relative) => Path.GetFullPath(Path.Combine(Folder, relative));
}
