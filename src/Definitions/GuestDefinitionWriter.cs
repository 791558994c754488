using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace LguestPS.Definitions;

/// <summary>Writes definitions as <see cref="GuestDefinitionReader"/> reads them: what is as usual is left out, but for memory and devices.</summary>
public sealed partial class GuestDefinitionWriter
{
    private static readonly GuestDefinition Usual = new() { Name = "", Kernel = "" };
    private static readonly string[] Words = ["", "~", "null", "Null", "NULL", "true", "false", GuestDefinitionReader.GuestsKey];

    private readonly StringWriter text = new() { NewLine = "\n" };
    private readonly Emitter emitter;
    private readonly string? folder;

    private GuestDefinitionWriter(string? folder)
    {
        this.folder = folder;
        emitter = new Emitter(text, new EmitterSettings(bestIndent: 2, bestWidth: int.MaxValue, isCanonical: false, maxSimpleKeyLength: 1024));
    }

    /// <summary>The text of a file that defines the same guests again.</summary>
    /// <param name="guests">At least one; several stand below <c>guests</c>, by their names.</param>
    /// <param name="folder">Absolute path of the folder that the file is for: paths in and below it are written relative to it. Null to write all of them in full.</param>
    /// <exception cref="LguestException">InvalidDefinition: one of them is not valid, or has the name of another.</exception>
    public static string Write(IReadOnlyList<GuestDefinition> guests, string? folder = null)
    {
        Check(guests);
        GuestDefinitionWriter writer = new(folder);
        writer.emitter.Emit(new StreamStart());
        writer.emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        if (guests is [var only]) writer.Mapping(() => writer.Guest(only, named: true));
        else writer.Mapping(() => writer.Nested(GuestDefinitionReader.GuestsKey, () =>
        {
            foreach (GuestDefinition guest in guests) writer.Nested(guest.Name, () => writer.Guest(guest, named: false));
        }));
        writer.emitter.Emit(new DocumentEnd(isImplicit: true));
        writer.emitter.Emit(new StreamEnd());
        return writer.text.ToString();
    }

    private static void Check(IReadOnlyList<GuestDefinition> guests)
    {
        if (guests.Count == 0) throw new ArgumentException("there is no guest to write", nameof(guests));
        foreach (GuestDefinition guest in guests)
        {
            foreach ((_, string problem) in guest.Validate()) throw new LguestException(LguestError.InvalidDefinition, problem);
            // Half of a surrogate pair is no character, and no file could hold it.
            if (!System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(guest.CommandLine)).Equals(guest.CommandLine, StringComparison.Ordinal))
                throw new LguestException(LguestError.InvalidDefinition, "the command line is not valid Unicode");
        }
        if (guests.GroupBy(guest => guest.Name).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new LguestException(LguestError.InvalidDefinition, $"two guests are named '{twice.Key}'; a file names each guest once");
    }

    private void Guest(GuestDefinition guest, bool named)
    {
        if (named) Entry("name", guest.Name);
        Entry("kernel", Path(guest.Kernel));
        if (guest.Initrd is { } initrd) Entry("initrd", Path(initrd));
        if (guest.Symbols is { } symbols) Entry("symbols", Path(symbols));
        Entry("memory", Size(guest.Memory));
        if (guest.CommandLine.Length > 0) Entry("commandLine", guest.CommandLine);
        if (guest.Abi != Usual.Abi) Entry("abi", guest.Abi);
        Choice("cpu", guest.Cpu, Usual.Cpu);
        Choice("clock", guest.Clock, Usual.Clock);
        Choice("tsc", guest.Tsc, Usual.Tsc);
        Choice("directTraps", guest.DirectTraps, Usual.DirectTraps);
        Choice("compile", guest.Compile, Usual.Compile);
        if (guest.SampleEvery is { } period) Entry("sampleEvery", Number(period));
        Name("devices");
        emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, isImplicit: true, guest.Devices.Count == 0 ? SequenceStyle.Flow : SequenceStyle.Block));
        foreach (DeviceDefinition device in guest.Devices) Device(device);
        emitter.Emit(new SequenceEnd());
        if (guest.Record) Entry("record", "true", isWord: true);
        if (!guest.Reboot) Entry("reboot", "false", isWord: true);
        if (guest.Limits != Usual.Limits) Nested("limits", () => Limits(guest.Limits));
    }

    private void Limits(GuestLimits limits)
    {
        if (limits.Time is { } time) Entry("time", Time(time));
        if (limits.Instructions is { } instructions) Entry("instructions", Number(instructions));
        if (limits.Sockets != GuestLimits.UsualSockets) Entry("sockets", Number(limits.Sockets));
        if (limits.Reboots is { } reboots) Entry("reboots", Number(reboots));
    }

    private void Device(DeviceDefinition device)
    {
        switch (device)
        {
            case ConsoleDefinition: Scalar("console"); break;
            case EntropyDefinition: Scalar("rng"); break;
            case BlockDefinition disk: Mapping(() => Nested("block", () => Disk(disk))); break;
            case NetDefinition net: Mapping(() => Nested("net", () => Net(net))); break;
            default: throw new NotSupportedException($"{device.GetType().Name} is not a device that a file can define");
        }
    }

    private void Disk(BlockDefinition disk)
    {
        Entry("path", Path(disk.Path));
        Choice("mode", disk.Mode, BlockMode.Snapshot);
        if (disk.Overlay is { } overlay) Entry("overlay", Path(overlay));
        if (disk.Limit is { } limit) Entry("limit", Size(limit));
    }

    private void Net(NetDefinition net)
    {
        switch (net)
        {
            case SharedNetDefinition shared: Entry("shared", Path(shared.Path)); break;
            case TapNetDefinition tap: Nested("tap", () => Tap(tap)); break;
            case UserNetDefinition user: Nested("user", () => User(user)); break;
            default: throw new NotSupportedException($"{net.GetType().Name} is not a network that a file can define");
        }
    }

    private void Tap(TapNetDefinition net)
    {
        Entry("interface", net.Interface);
        if (net.Record is { } record) Entry("record", Path(record));
    }

    private void User(UserNetDefinition net)
    {
        Entry("network", $"{net.Network}");
        if (net.Loopback) Entry("loopback", "on");
        List("forward", net.Forward.Select(rule => $"{rule}"));
        List("reach", net.Reach.Select(rule => $"{rule}"));
        if (net.Names.Count > 0) Nested("names", () => Names(net.Names));
        Choice("dns", net.Dns, DnsChoice.Off);
        if (net.Record is { } record) Entry("record", Path(record));
        if (net.Replay is { } replay) Entry("replay", Path(replay));
    }

    private void Names(IReadOnlyList<NetworkName> names)
    {
        foreach (IGrouping<string, NetworkName> same in names.GroupBy(name => name.Name))
        {
            if (same.Count() == 1) Entry(same.Key, $"{same.First().Address}");
            else List(same.Key, same.Select(name => $"{name.Address}"));
        }
    }

    private void List(string name, IEnumerable<string> items)
    {
        if (!items.Any()) return;
        Name(name);
        emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, isImplicit: true, SequenceStyle.Block));
        foreach (string item in items) Scalar(item);
        emitter.Emit(new SequenceEnd());
    }

    private void Choice<T>(string name, T value, T usual)
        where T : struct, Enum
    {
        if (!value.Equals(usual)) Entry(name, DefinitionText.NameOf(value));
    }

    private void Nested(string name, Action contents)
    {
        Name(name);
        Mapping(contents);
    }

    private void Mapping(Action contents)
    {
        emitter.Emit(new MappingStart());
        contents();
        emitter.Emit(new MappingEnd());
    }

    private void Entry(string name, string value, bool isWord = false)
    {
        Name(name);
        Scalar(value, isWord);
    }

    private void Name(string name) => Scalar(name);

    /// <summary>Text is quoted where YAML, or an editor that knows its types, would take it for something else.</summary>
    private void Scalar(string value, bool isWord = false) =>
        emitter.Emit(new Scalar(AnchorName.Empty, TagName.Empty, value, isWord || IsPlain(value) ? ScalarStyle.Plain : ScalarStyle.DoubleQuoted, isPlainImplicit: true, isQuotedImplicit: true));

    private static bool IsPlain(string value) => !Words.Contains(value)
        && (char.IsAsciiLetterOrDigit(value[0]) || value[0] is '/' or '.') && char.IsAsciiLetterOrDigit(value[^1])
        && value.All(c => char.IsAsciiLetterOrDigit(c) || "/._-=,+ ".Contains(c));

    private string Path(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        if (folder is null) return path;
        string relative = System.IO.Path.GetRelativePath(folder, path);
        return relative.StartsWith("..", StringComparison.Ordinal) || System.IO.Path.IsPathRooted(relative) ? path : relative;
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Size(long bytes) => bytes switch
    {
        _ when bytes % (1L << 30) == 0 => $"{Number(bytes >> 30)}GiB",
        _ when bytes % (1L << 20) == 0 => $"{Number(bytes >> 20)}MiB",
        _ when bytes % (1L << 10) == 0 => $"{Number(bytes >> 10)}KiB",
        _ => Number(bytes),
    };

    private static string Time(TimeSpan time)
    {
        foreach ((long unit, string name) in (ReadOnlySpan<(long, string)>)[(TimeSpan.TicksPerHour, "h"), (TimeSpan.TicksPerMinute, "m"), (TimeSpan.TicksPerSecond, "s"), (TimeSpan.TicksPerMillisecond, "ms")])
            if (time.Ticks % unit == 0) return $"{Number(time.Ticks / unit)}{name}";
        // The nearest number of milliseconds may be read as one tick less.
        double milliseconds = time.Ticks / (double)TimeSpan.TicksPerMillisecond;
        while (true)
        {
            string text = $"{milliseconds.ToString("0.####################", CultureInfo.InvariantCulture)}ms";
            if (DefinitionText.TryParseTime(text, out TimeSpan read) && read >= time) return text;
            milliseconds = double.BitIncrement(milliseconds);
        }
    }
}
