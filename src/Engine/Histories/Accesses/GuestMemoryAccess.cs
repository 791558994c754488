using System.Globalization;

namespace LguestPS;

/// <summary>An access to memory, in a recorded run.</summary>
public sealed record GuestMemoryAccess
{
    private const int LongestNumber = 8;

    /// <summary>Name of the guest.</summary>
    public required string Guest { get; init; }

    /// <summary>Where in the run the instruction is about to do it; or the host is.</summary>
    public required RunPosition Position { get; init; }

    public required MemoryAccess Access { get; init; }

    /// <summary>Linear address of the operand, or of the instruction that is executed.</summary>
    public required uint Address { get; init; }

    /// <summary>Where <see cref="Address"/> leads, as a guest-physical address; null for Execute, or if it is not mapped.</summary>
    internal uint? Physical { get; init; }

    /// <summary><see cref="Address"/> in the kernel; null if it has no name.</summary>
    public string? Symbol { get; init; }

    /// <summary>Bytes of the operand.</summary>
    public required int Length { get; init; }

    /// <summary>What was there before: at most 16 bytes; none for Execute, or if it was not mapped.</summary>
    public required byte[] Before { get; init; }

    /// <summary>The same bytes after it.</summary>
    public required byte[] After { get; init; }

    /// <summary>The instruction; for the host, where the guest stands.</summary>
    public required uint Eip { get; init; }

    /// <summary><see cref="Eip"/> in the kernel; null if it has no name.</summary>
    public string? Function { get; init; }

    /// <summary>Whether the host did it: a device, a hypercall, the frame of a trap or an interrupt, or somebody who changed the standing guest.</summary>
    public required bool IsByHost { get; init; }

    /// <summary>For the host, the sequence number of the event that it belongs to; else null.</summary>
    public long? Event { get; init; }

    /// <summary>That event in a line, if the recording has its events; else null.</summary>
    public string? EventSummary { get; init; }

    /// <summary>Name of the process that was running, if this kernel tells.</summary>
    public string? Process { get; init; }

    /// <summary>Guest-physical address of the page directory.</summary>
    public required uint PageDirectory { get; init; }

    /// <summary><see cref="Before"/> as a number, of at most 8 bytes; else null.</summary>
    public ulong? OldValue => Number(Before);

    /// <summary><see cref="After"/> as a number, of at most 8 bytes; else null.</summary>
    public ulong? NewValue => Number(After);

    /// <summary>Who did it.</summary>
    public string By => !IsByHost ? Place(Eip, Function) : EventSummary is null ? $"host, event #{Event}" : $"host, event #{Event}: {EventSummary}";

    /// <summary>The access in a line.</summary>
    public string What => Access switch
    {
        MemoryAccess.Execute => $"execute {Place(Address, Symbol)}",
        _ when (Access & MemoryAccess.Write) != 0 => $"{Names} {Place(Address, Symbol)}: {Text(Before)} -> {Text(After)} by {By}",
        _ => $"{Names} {Place(Address, Symbol)}: {Text(After)} by {By}",
    };

    public override string ToString() => What;

    private string Names => Access.ToString().Replace(", ", " and ", StringComparison.Ordinal).ToLowerInvariant();

    private static string Place(uint address, string? symbol) => symbol is null ? $"0x{address:x8}" : $"0x{address:x8} <{symbol}>";

    private static string Text(byte[] bytes) => Number(bytes) is { } number ? string.Create(CultureInfo.InvariantCulture, $"0x{number:x}") : Convert.ToHexStringLower(bytes);

    private static ulong? Number(byte[] bytes)
    {
        if (bytes.Length is 0 or > LongestNumber) return null;
        ulong value = 0;
        for (int i = bytes.Length - 1; i >= 0; i--) value = value << 8 | bytes[i];
        return value;
    }
}
