using System.Globalization;
using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Makes the engine's filter of -Kind, -Hypercall, -Device and -Queue.</summary>
internal static class FilterArguments
{
    /// <exception cref="LguestException">InvalidDefinition: the guest's ABI profile has no such hypercall.</exception>
    public static EventFilter For(Guest guest, EventKinds[]? kinds, string[]? hypercalls, string[]? devices, int[]? queues = null)
    {
        // Who names hypercalls wants hypercalls, and nothing else unless that is named too.
        EventKinds wanted = (hypercalls is null ? EventKinds.None : EventKinds.Hypercall) | (devices is null ? EventKinds.None : EventKinds.Dma | EventKinds.Kick | EventKinds.Virtqueue)
            | (queues is null ? EventKinds.None : EventKinds.Kick | EventKinds.Virtqueue);
        if (wanted == EventKinds.None) wanted = EventKinds.All;
        if (kinds is not null) wanted = kinds.Aggregate((all, kind) => all | kind);

        return new EventFilter
        {
            Kinds = wanted,
            Hypercalls = hypercalls is null ? null : new HashSet<uint>(hypercalls.SelectMany(text => HypercallNumbers(guest.Abi, text))),
            Queues = queues,
            Devices = devices is null ? null : [.. devices.SelectMany(name => DeviceNames(guest, name))],
        };
    }

    /// <summary>The devices meant by a name, or by one with wildcards.</summary>
    /// <exception cref="LguestException">InvalidValue: the guest has none.</exception>
    public static IReadOnlyList<string> DeviceNames(Guest guest, string text)
    {
        WildcardPattern pattern = WildcardPattern.Get(text, WildcardOptions.IgnoreCase);
        string[] named = [.. guest.DeviceNames.Where(pattern.IsMatch)];
        return named.Length > 0 ? named : throw Errors.UnknownDevice(guest, text, [.. guest.DeviceNames]);
    }

    /// <summary>The numbers meant by a number (14, 0xe), a name or a name with wildcards.</summary>
    /// <exception cref="LguestException">InvalidDefinition: there is none.</exception>
    public static IReadOnlyList<uint> HypercallNumbers(AbiProfile abi, string text)
    {
        if (TryParseNumber(text, out uint number)) return [number];
        WildcardPattern pattern = WildcardPattern.Get(text, WildcardOptions.IgnoreCase);
        uint[] numbers = [.. abi.Hypercalls.Where(call => pattern.IsMatch(call.Name)).Select(call => call.Number)];
        return numbers.Length > 0 ? numbers : throw Errors.UnknownHypercall(abi, text);
    }

    private static bool TryParseNumber(string text, out uint number) =>
        text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? uint.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
            : uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
