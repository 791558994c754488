using System.Collections;
using System.Reflection;

namespace LguestPS.Cmdlets;

/// <summary>What a table of settings may hold, by name. PowerShell completes the keys of such a table by these properties.</summary>
public abstract class DeviceSettings
{
    /// <summary>The settings that were given, as the table that a user would write.</summary>
    internal Hashtable ToTable() => TableOf(this);

    /// <summary>The properties of an object that are set, as a table.</summary>
    internal static Hashtable TableOf(object settings)
    {
        Hashtable table = [];
        foreach (PropertyInfo property in settings.GetType().GetProperties())
            if (property.GetValue(settings) is { } value) table[property.Name] = value is DeviceSettings inner ? inner.ToTable() : value;
        return table;
    }
}

/// <summary>Of a disk.</summary>
public sealed class BlockSettings : DeviceSettings
{
    public string? Path { get; set; }

    public BlockMode? Mode { get; set; }

    public string? Overlay { get; set; }

    public string? Limit { get; set; }
}

/// <summary>Of a network card: one of its kinds.</summary>
public sealed class NetSettings : DeviceSettings
{
    public string? Shared { get; set; }

    public UserNetSettings? User { get; set; }

    public TapNetSettings? Tap { get; set; }
}

/// <summary>Of a network with the host.</summary>
public sealed class UserNetSettings : DeviceSettings
{
    public string? Network { get; set; }

    public bool? Loopback { get; set; }

    public string[]? Forward { get; set; }

    public string[]? Reach { get; set; }

    public Hashtable? Names { get; set; }

    public DnsChoice? Dns { get; set; }

    public string? Record { get; set; }

    public string? Replay { get; set; }
}

/// <summary>Of a network over a TAP interface.</summary>
public sealed class TapNetSettings : DeviceSettings
{
    public string? Interface { get; set; }

    public string? Record { get; set; }
}
