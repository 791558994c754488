using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Security.Cryptography;
using System.Text;

namespace LguestPS.Cmdlets;

/// <summary>An event as a line of a trace: only what is the same each time the same guest does the same thing.</summary>
/// <remarks>Events may come from a job or a file, so this reads properties by name and not from our types.</remarks>
internal static class TraceLine
{
    private const int LongestText = 256;

    public static string Of(PSObject happened, TraceDetail detail)
    {
        bool full = detail == TraceDetail.Arguments;
        return Text(happened, nameof(LguestEvent.Kind)) switch
        {
            nameof(EventKinds.Hypercall) => Hypercall(happened, full),
            nameof(EventKinds.Dma) => Dma(happened, full),
            nameof(EventKinds.Trap) => Trap(happened, full),
            nameof(EventKinds.Interrupt) => $"irq {Text(happened, nameof(InterruptEvent.Irq))}",
            nameof(EventKinds.Ended) => $"ended: {Text(happened, nameof(GuestEndedEvent.Reason))}",
            "" => throw new LguestException(LguestError.InvalidDefinition, $"'{happened}' is not an event of a guest"),
            var kind => $"{kind}: {Text(happened, nameof(LguestEvent.Summary))}",
        };
    }

    private static string Hypercall(PSObject call, bool full)
    {
        string name = Text(call, nameof(HypercallEvent.Name));
        string slot = Text(call, nameof(HypercallEvent.Slot));
        if (!full) return slot.Length == 0 ? name : $"ring {name}";
        string result = Value(call, nameof(HypercallEvent.Result)) is { } value ? $" = {Number(value)}" : "";
        string arguments = string.Join(", ", Items(call, nameof(HypercallEvent.Arguments)).Select(Number));
        return $"{(slot.Length == 0 ? "" : $"ring[{slot}] ")}{name}({arguments}){result}";
    }

    private static string Dma(PSObject dma, bool full)
    {
        string device = Text(dma, nameof(DmaEvent.Device));
        if (device.Length == 0) device = $"key {Number(Value(dma, nameof(DmaEvent.Key)) ?? 0u)}";
        string line = $"{device} {(Text(dma, nameof(DmaEvent.Direction)) == nameof(DmaDirection.Send) ? "<-" : "->")}";
        return full ? $"{line} {Data([.. Items(dma, nameof(DmaEvent.Data)).Select(item => LanguagePrimitives.ConvertTo<byte>(item))])}" : line;
    }

    private static string Trap(PSObject trap, bool full)
    {
        string name = Text(trap, nameof(TrapEvent.Name));
        if (!full) return name;
        string error = Value(trap, nameof(TrapEvent.ErrorCode)) is { } code ? $" error {Number(code)}" : "";
        string address = Value(trap, nameof(TrapEvent.Address)) is { } at ? $" at {Number(at)}" : "";
        return $"{name}{error}{address} from ring {Text(trap, nameof(TrapEvent.PrivilegeLevel))} eip {Number(Value(trap, nameof(TrapEvent.Eip)) ?? 0u)} {Text(trap, nameof(TrapEvent.Outcome))}";
    }

    /// <summary>Short text as text, all else by its length and SHA-256.</summary>
    private static string Data(byte[] data)
    {
        bool isText = data.Length is > 0 and <= LongestText && data.All(value => value is >= 0x20 and < 0x7F or (byte)'\n' or (byte)'\r' or (byte)'\t' or 0x1B);
        return isText
            ? QuotedText.Of(Encoding.ASCII.GetString(data), LongestText)
            : $"{data.Length} bytes{(data.Length == 0 ? "" : $" sha256 {Convert.ToHexStringLower(SHA256.HashData(data))}")}";
    }

    private static IEnumerable<object> Items(PSObject happened, string property) => Value(happened, property) switch
    {
        IEnumerable many => many.Cast<object>(),
        _ => [],
    };

    private static object? Value(PSObject happened, string property) =>
        happened.Properties[property]?.Value is { } value ? value is PSObject { BaseObject: { } inner } ? inner : value : null;

    private static string Text(PSObject happened, string property) => Convert.ToString(Value(happened, property), CultureInfo.InvariantCulture) ?? "";

    private static string Number(object value) => $"0x{LanguagePrimitives.ConvertTo<uint>(value):x}";
}
