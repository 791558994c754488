namespace LguestPS.Events;

/// <summary>What an instruction does with a register of a device, or with a port.</summary>
/// <param name="IsWrite">Whether it writes; else it reads.</param>
/// <param name="Width">Bytes: 1, 2 or 4.</param>
/// <param name="Value">What is written or was read; null if it is still to be read.</param>
internal sealed record RegisterAccess(bool IsWrite, int Width, uint? Value)
{
    /// <summary>Name of the device; null for a port, and where nothing answers.</summary>
    public string? Device { get; init; }

    /// <summary>The device's name for the register.</summary>
    public string? Register { get; init; }

    /// <summary>The port's number; null for device memory.</summary>
    public uint? Port { get; init; }

    /// <summary>Guest-physical address in device memory; null for a port.</summary>
    public uint? PhysicalAddress { get; init; }

    /// <summary>It in words, such as <c>write device_status of block0 = 0x0f</c>.</summary>
    public string Text => $"{(IsWrite ? "write" : "read")} {Place}{(Value is { } value ? $" = 0x{value.ToString($"x{2 * Width}")}" : "")}";

    private string Place => Port is { } port ? $"port 0x{port:x4}" : Device is null ? $"0x{PhysicalAddress:x8}" : $"{Register} of {Device}";
}
