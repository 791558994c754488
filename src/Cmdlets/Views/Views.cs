using System.Globalization;
using System.Management.Automation;
using System.Text;
using System.Text.RegularExpressions;

namespace LguestPS.Cmdlets;

/// <summary>What the views in the files *.views show where a plain property would not do.</summary>
/// <remarks>Events may come from a job or a file, so these read properties by name and not from our types.</remarks>
public static partial class Views
{
    private const int LongestText = 200;
    private const int TimeWidth = 11;

    /// <summary>What happened, in one line and few characters; what a console sent or received as text.</summary>
    public static string What(PSObject happened)
    {
        if (Text(happened, "Device") == "console" && happened.Properties["Direction"] is not null)
            return $"console {(Text(happened, "Direction") == "Send" ? "<-" : "->")} {QuotedText.Of(Text(happened, "Text"), LongestText)}";
        if (happened.Properties["Decoded"] is null) return Text(happened, "Summary");
        string slot = Text(happened, "Slot"), result = Text(happened, "Result");
        return $"{(slot.Length > 0 ? $"ring[{slot}] " : "")}{Text(happened, "Name")}({LeadingZeros().Replace(Text(happened, "Decoded"), "0x")}){(result.Length > 0 ? $" = {result}" : "")}";
    }

    /// <summary>Seconds with as many decimals, six at most, as fit into a column of eleven characters.</summary>
    public static string Seconds(TimeSpan time)
    {
        int whole = ((long)time.TotalSeconds).ToString(CultureInfo.InvariantCulture).Length;
        return time.TotalSeconds.ToString($"F{Math.Clamp(TimeWidth - 1 - whole, 0, 6)}", CultureInfo.InvariantCulture);
    }

    /// <summary>What an access to memory did, in few letters.</summary>
    public static string Accesses(object access) => $"{access}".Replace("Read, Write", "R+W", StringComparison.Ordinal);

    /// <summary>The bytes of an operand as a number, of more than eight bytes the first ones.</summary>
    public static string Value(object? bytes)
    {
        byte[] operand = [.. LanguagePrimitives.ConvertTo<byte[]>(bytes) ?? []];
        if (operand.Length == 0) return "";
        return operand.Length > 4 ? $"{Convert.ToHexStringLower(operand)[..8]}.." : $"0x{Convert.ToHexStringLower(operand.Reverse().ToArray())}";
    }

    /// <summary>Which instruction put a value where it was; and how, unless it copied or computed it.</summary>
    public static string Step(PSObject step)
    {
        string origin = Text(step, "Origin"), function = Text(step, "Function"), instruction = Text(step, "Instruction");
        string by = function.Length > 0 ? $"{function}: {instruction}" : instruction;
        return origin is "Copy" or "Computation" ? by : $"{origin}, {by}";
    }

    /// <summary>Who accessed memory: a function, or the host.</summary>
    public static string By(PSObject access) =>
        LanguagePrimitives.IsTrue(access.Properties["IsByHost"]?.Value) ? Text(access, "By")
        : Text(access, "Function") is { Length: > 0 } function ? function : string.Create(CultureInfo.InvariantCulture, $"0x{LanguagePrimitives.ConvertTo<uint>(access.Properties["Eip"]?.Value):x8}");

    /// <summary>The text of the script block of a condition or an action of a breakpoint.</summary>
    public static string Script(object? code) => code switch
    {
        PSObject wrapped => Script(wrapped.BaseObject),
        Delegate { Target: HitScript script } => $"{{{script}}}",
        Delegate => "code",
        _ => $"{code}",
    };

    /// <summary>An amount of memory, in the largest unit that leaves a whole number.</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        0 => "0",
        _ when bytes % (1 << 30) == 0 => $"{bytes >> 30} GiB",
        _ when bytes % (1 << 20) == 0 => $"{bytes >> 20} MiB",
        _ when bytes % (1 << 10) == 0 => $"{bytes >> 10} KiB",
        _ => $"{bytes} bytes",
    };

    /// <summary>A device of a definition, as a definition writes it.</summary>
    public static string Device(PSObject device) => device.BaseObject is DeviceDefinition own ? DeviceText(own) : device.TypeNames[0].Split('.')[^1] switch
    {
        nameof(ConsoleDefinition) => "console",
        nameof(EntropyDefinition) => "rng",
        nameof(BlockDefinition) => $"block {Text(device, "Path")} ({Text(device, "Mode")}{(Text(device, "Overlay") is { Length: > 0 } overlay ? $" in {overlay}" : "")})",
        nameof(SharedNetDefinition) => $"net {Text(device, "Path")}",
        nameof(UserNetDefinition) => $"net user {Text(device, "Network")}",
        nameof(TapNetDefinition) => $"net tap {Text(device, "Interface")}",
        _ => $"{device}",
    };

    internal static string DeviceText(DeviceDefinition device) => device switch
    {
        ConsoleDefinition => "console",
        EntropyDefinition => "rng",
        BlockDefinition block => $"block {block.Path} ({block.Mode}{(block.Overlay is { } overlay ? $" in {overlay}" : "")})",
        SharedNetDefinition net => $"net {net.Path}",
        UserNetDefinition { Replay: { } replay } => $"net user, replaying {replay}",
        UserNetDefinition net => $"net user {string.Join(", ", [$"{net.Network}", .. net.Forward.Select(forward => $"{forward}"), .. net.Reach.Select(reach => $"{reach}"), .. net.Names.Select(name => $"{name}"), .. net.Dns == DnsChoice.Off ? Array.Empty<string>() : ["dns host"]])}",
        TapNetDefinition net => $"net tap {net.Interface}",
        _ => device.ToString(),
    };

    /// <summary>Numbers in hexadecimal.</summary>
    public static string Hex(object? values) => values switch
    {
        null => "",
        PSObject wrapped => Hex(wrapped.BaseObject),
        System.Collections.IEnumerable many => string.Join(' ', many.Cast<object>().Select(Hex)),
        ulong wide and > uint.MaxValue => $"0x{wide:x16}",
        _ => $"0x{LanguagePrimitives.ConvertTo<uint>(values):x8}",
    };

    /// <summary>Bytes as a hex dump: offset, sixteen bytes, text.</summary>
    public static string Dump(byte[]? bytes)
    {
        if (bytes is null || bytes.Length == 0) return "";
        StringBuilder text = new();
        for (int at = 0; at < Math.Min(bytes.Length, 256); at += 16)
        {
            ReadOnlySpan<byte> row = bytes.AsSpan(at, Math.Min(16, bytes.Length - at));
            text.Append($"{at:x4}  ");
            for (int i = 0; i < 16; i++) text.Append(i < row.Length ? $"{row[i]:x2}" : "  ").Append(i % 2 == 1 ? " " : "");
            text.Append(' ');
            foreach (byte value in row) text.Append(value is >= 0x20 and < 0x7f ? (char)value : '.');
            text.Append('\n');
        }
        if (bytes.Length > 256) text.Append($"… {bytes.Length - 256} more bytes\n");
        return text.ToString().TrimEnd('\n');
    }

    /// <summary>The job that runs, or last ran, a guest.</summary>
    public static GuestJob? Job(PSObject guest) =>
        guest.BaseObject is Guest itself && GuestRegistry.TryGetJob(itself, out GuestJob? job) ? job : null;

    /// <summary>The machine that an object is on: a copy elsewhere still says it.</summary>
    public static string HostName(PSObject made) => Environment.MachineName;

    /// <summary>The process that an object is in: a copy elsewhere still says it.</summary>
    public static int ProcessId(PSObject made) => Environment.ProcessId;

    private static string Text(PSObject happened, string property) => $"{happened.Properties[property]?.Value}";

    [GeneratedRegex("0x0+(?=[0-9a-f])")]
    private static partial Regex LeadingZeros();
}
