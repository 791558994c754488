using System.Collections;
using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>A device as a user may write it: 'console', @{ block = 'disk.img' }, @{ block = @{ path = 'disk.img'; mode = 'ReadWrite' } }, @{ net = './lan0' }, @{ net = 'user' }.</summary>
public sealed class DeviceArgument
{
    private readonly DeviceDefinition? definition;
    private readonly string kind = "";
    private readonly object? value;
    private readonly IDictionary settings = new Hashtable();

    /// <summary>A device of which one property will be set. This is also how PowerShell finds the keys of a table.</summary>
    public DeviceArgument()
    {
    }

    /// <param name="kind">A device that needs no settings: console or rng.</param>
    public DeviceArgument(string kind) => this.kind = kind;

    /// <param name="device">One key, the kind of device, with a path or a table of settings.</param>
    public DeviceArgument(Hashtable device)
    {
        if (device.Count != 1) throw new ArgumentException("a device is a table with one key, such as @{ block = 'disk.img' }");
        DictionaryEntry only = device.Cast<DictionaryEntry>().Single();
        kind = $"{only.Key}";
        value = only.Value;
        settings = Unwrap(value) as IDictionary ?? new Hashtable { ["path"] = value };
    }

    public DeviceArgument(DeviceDefinition definition) => this.definition = definition;

    /// <summary>A disk.</summary>
    public BlockSettings? Block { get; set; }

    /// <summary>A network card.</summary>
    public NetSettings? Net { get; set; }

    /// <param name="toPath">Makes an absolute path of what the user wrote.</param>
    internal DeviceDefinition ToDefinition(Func<string, string> toPath)
    {
        if (definition is not null) return definition;
        if (kind.Length == 0) return new DeviceArgument(DeviceSettings.TableOf(this)).ToDefinition(toPath);
        if (Is("console")) return Checked(new ConsoleDefinition());
        if (Is("rng")) return Checked(new EntropyDefinition());
        if (Is("block")) return Checked(new BlockDefinition(toPath(Required("path")), Mode(), Overlay(toPath)) { Limit = Limit() }, "path", "mode", "overlay", "limit");
        if (Is("net")) return new NetArgument(value, toPath).ToDefinition();
        throw Invalid($"unknown device '{kind}'; known are console, block, net and rng");
    }

    private static object? Unwrap(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;

    private static LguestException Invalid(string problem) => new(LguestError.InvalidDefinition, problem);

    private bool Is(string name) => string.Equals(kind, name, StringComparison.OrdinalIgnoreCase);

    private DeviceDefinition Checked(DeviceDefinition made, params string[] known)
    {
        foreach (object key in settings.Keys)
            if (!known.Contains($"{key}", StringComparer.OrdinalIgnoreCase))
                throw Invalid($"device '{kind}' has no setting '{key}'{(known.Length == 0 ? "" : $"; it has {string.Join(", ", known)}")}");
        return made;
    }

    private string? Setting(string name)
    {
        foreach (DictionaryEntry entry in settings)
            if (string.Equals($"{entry.Key}", name, StringComparison.OrdinalIgnoreCase)) return $"{Unwrap(entry.Value)}";
        return null;
    }

    private string Required(string name) => Setting(name) is { Length: > 0 } value ? value : throw Invalid($"device '{kind}' needs '{name}'");

    private string? Overlay(Func<string, string> toPath) => Setting("overlay") is { Length: > 0 } path ? toPath(path) : null;

    private long? Limit()
    {
        if (Setting("limit") is not { } text) return null;
        return DefinitionText.TryParseSize(text, out long bytes) ? bytes : throw Invalid($"limit: {DefinitionText.SizeProblem(text)}");
    }

    private BlockMode Mode()
    {
        if (Setting("mode") is not { } text) return BlockMode.Snapshot;
        if (Enum.TryParse(text, ignoreCase: true, out BlockMode mode) && Enum.IsDefined(mode)) return mode;
        throw Invalid($"unknown mode '{text}' of a block device; known are {string.Join(", ", Enum.GetNames<BlockMode>())}");
    }
}
