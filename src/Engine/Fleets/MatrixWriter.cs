using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using LguestPS.Files;

namespace LguestPS.Fleets;

/// <summary>Writes a matrix as a file that is read back as the same matrix: JSON, which is YAML too.</summary>
internal static class MatrixWriter
{
    /// <param name="matrix">The matrix.</param>
    /// <param name="path">An absolute path.</param>
    /// <exception cref="LguestException">FileUnavailable.</exception>
    public static void Write(GuestMatrix matrix, string path)
    {
        string folder = Path.GetDirectoryName(path)!;
        byte[] text = Text(matrix, file => Relative(folder, file));
        try
        {
            HostFile.Replace(path, file => file.Write(text));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LguestException(LguestError.FileUnavailable, $"the matrix '{path}' cannot be written: {e.Message}", e) { Path = path };
        }
    }

    private static string Relative(string folder, string file)
    {
        string relative = Path.GetRelativePath(folder, file);
        return relative.StartsWith("..", StringComparison.Ordinal) ? file : relative;
    }

    private static byte[] Text(GuestMatrix matrix, Func<string, string> toPath)
    {
        ArrayBufferWriter<byte> text = new();
        using (Utf8JsonWriter json = new(text, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("name", matrix.Name);
            json.WriteStartArray("definitions");
            foreach (GuestDefinition definition in matrix.Definitions) WriteDefinition(json, CellFiles.Map(definition, toPath));
            json.WriteEndArray();
            json.WriteStartObject("parameters");
            foreach (MatrixParameter parameter in matrix.Parameters)
            {
                json.WriteStartObject(parameter.Name);
                foreach (MatrixValue value in parameter.Values) json.WriteString(value.Label, parameter.IsPath && value.Text.Length > 0 ? toPath(Path.GetFullPath(value.Text, matrix.Folder)) : value.Text);
                json.WriteEndObject();
            }
            json.WriteEndObject();
            json.WriteNumber("repeat", matrix.Repeat);
            if (matrix.TimeLimit is { } limit) json.WriteString("timeLimit", Time(limit));
            json.WriteString("record", DefinitionText.NameOf(matrix.Record));
            json.WriteStartObject("checks");
            foreach (MatrixCheck check in matrix.Checks)
            {
                json.WritePropertyName(check.Name);
                check.WriteTo(json);
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        text.Write("\n"u8);
        return text.WrittenSpan.ToArray();
    }

    private static void WriteDefinition(Utf8JsonWriter json, GuestDefinition guest)
    {
        json.WriteStartObject();
        json.WriteString("name", guest.Name);
        json.WriteString("kernel", guest.Kernel);
        if (guest.Initrd is { } initrd) json.WriteString("initrd", initrd);
        if (guest.Symbols is { } symbols) json.WriteString("symbols", symbols);
        json.WriteString("memory", guest.Memory.ToString(CultureInfo.InvariantCulture));
        if (guest.CommandLine.Length > 0) json.WriteString("commandLine", guest.CommandLine);
        json.WriteString("abi", guest.Abi);
        json.WriteString("cpu", DefinitionText.NameOf(guest.Cpu));
        json.WriteString("clock", DefinitionText.NameOf(guest.Clock));
        json.WriteString("tsc", DefinitionText.NameOf(guest.Tsc));
        json.WriteString("directTraps", DefinitionText.NameOf(guest.DirectTraps));
        json.WriteString("compile", DefinitionText.NameOf(guest.Compile));
        if (guest.SampleEvery is { } every) json.WriteNumber("sampleEvery", every);
        json.WriteString("reboot", guest.Reboot ? "true" : "false");
        json.WriteStartObject("limits");
        if (guest.Limits.Time is { } time) json.WriteString("time", Time(time));
        if (guest.Limits.Instructions is { } instructions) json.WriteNumber("instructions", instructions);
        json.WriteNumber("sockets", guest.Limits.Sockets);
        if (guest.Limits.Reboots is { } reboots) json.WriteNumber("reboots", reboots);
        json.WriteEndObject();
        json.WriteStartArray("devices");
        foreach (DeviceDefinition device in guest.Devices) WriteDevice(json, device);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteDevice(Utf8JsonWriter json, DeviceDefinition device)
    {
        switch (device)
        {
            case ConsoleDefinition:
                json.WriteStringValue("console");
                return;
            case EntropyDefinition:
                json.WriteStringValue("rng");
                return;
            case BlockDefinition disk:
                json.WriteStartObject();
                json.WriteStartObject("block");
                json.WriteString("path", disk.Path);
                json.WriteString("mode", DefinitionText.NameOf(disk.Mode));
                if (disk.Limit is { } limit) json.WriteString("limit", limit.ToString(CultureInfo.InvariantCulture));
                break;
            case UserNetDefinition net:
                json.WriteStartObject();
                json.WriteStartObject("net");
                json.WriteStartObject("user");
                json.WriteString("network", $"{net.Network}");
                json.WriteString("loopback", net.Loopback ? "on" : "off");
                WriteList(json, "forward", net.Forward);
                WriteList(json, "reach", net.Reach);
                if (net.Replay is { } frames) json.WriteString("replay", frames);
                json.WriteEndObject();
                break;
            case TapNetDefinition net:
                json.WriteStartObject();
                json.WriteStartObject("net");
                json.WriteString("tap", net.Interface);
                break;
            default:
                throw new InvalidOperationException($"{device} is no device of a matrix");
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteList<T>(Utf8JsonWriter json, string name, IReadOnlyList<T> rules)
    {
        if (rules.Count == 0) return;
        json.WriteStartArray(name);
        foreach (T rule in rules) json.WriteStringValue($"{rule}");
        json.WriteEndArray();
    }

    private static string Time(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds}ms");
}
