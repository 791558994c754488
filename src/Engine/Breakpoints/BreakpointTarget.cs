using LguestPS.Cpu;

namespace LguestPS;

/// <summary>What kind of thing a breakpoint stops before, or for memory after.</summary>
public enum BreakpointKind : long
{
    Hypercall,
    Address,
    Memory,
    Trap,
    Dma,
    Interrupt,
    Kick,
}

/// <summary>Where a breakpoint stops. Which guests can reach it is the engine's business; none of them is patched for it.</summary>
public abstract record BreakpointTarget
{
    public abstract BreakpointKind Kind { get; }

    /// <summary>In words, such as <c>SET_PTE where address=0xc0001000</c>.</summary>
    public abstract string Text { get; }

    internal virtual IEnumerable<WatchRange> Ranges => [];

    public sealed override string ToString() => Text;
}

/// <summary>Before certain hypercalls are done, direct or in the ring.</summary>
/// <param name="Numbers">Their numbers.</param>
/// <param name="Name">How to call them, for the text.</param>
public sealed record HypercallTarget(IReadOnlyList<uint> Numbers, string Name) : BreakpointTarget
{
    public override BreakpointKind Kind => BreakpointKind.Hypercall;

    /// <summary>Words the call must have: index among its arguments (0 to 3) and value.</summary>
    public IReadOnlyList<ArgumentMatch> Arguments { get; init; } = [];

    public override string Text => Arguments.Count == 0 ? Name : $"{Name} where {string.Join(' ', Arguments)}";

    internal bool Matches(Hypercall call)
    {
        bool isOne = false;
        for (int i = 0; i < Numbers.Count && !isOne; i++) isOne = Numbers[i] == call.Number;
        if (!isOne) return false;
        for (int i = 0; i < Arguments.Count; i++)
            if (call[Arguments[i].Index] != Arguments[i].Value) return false;
        return true;
    }
}

/// <summary>Before the instruction at an address.</summary>
/// <param name="Address">Linear address.</param>
/// <param name="Symbol">Its name, or null.</param>
public sealed record AddressTarget(uint Address, string? Symbol) : BreakpointTarget
{
    public override BreakpointKind Kind => BreakpointKind.Address;

    public override string Text => Symbol is null ? $"0x{Address:x8}" : $"0x{Address:x8} <{Symbol}>";

    internal override IEnumerable<WatchRange> Ranges => [new WatchRange(Address, 1, MemoryAccess.Execute)];
}

/// <summary>After an instruction that read or wrote a range of memory; for Execute, before one that begins in it.</summary>
/// <remarks>Counts what the guest's instructions do, by the linear address they use. What the host writes (DMA, the frame of a trap) is not seen.</remarks>
/// <param name="Address">Linear address of its first byte.</param>
/// <param name="Length">Bytes, at least 1; the range must not wrap.</param>
/// <param name="Access">For what to stop.</param>
/// <param name="Symbol">The name of the address, or null.</param>
public sealed record MemoryTarget(uint Address, uint Length, MemoryAccess Access, string? Symbol) : BreakpointTarget
{
    public override BreakpointKind Kind => BreakpointKind.Memory;

    public override string Text => $"{Access.ToString().ToLowerInvariant()} of {Length} at 0x{Address:x8}{(Symbol is null ? "" : $" <{Symbol}>")}";

    internal override IEnumerable<WatchRange> Ranges => [new WatchRange(Address, Length, Access)];
}

/// <summary>Before a trap is dealt with: reflected to the guest, for most.</summary>
/// <param name="Vector">Its vector; null for any but the hypercall's.</param>
public sealed record TrapTarget(byte? Vector) : BreakpointTarget
{
    public override BreakpointKind Kind => BreakpointKind.Trap;

    /// <summary>The usual short name of a vector: "#PF", "int 0x80", …</summary>
    public static string NameOf(byte vector) => Cpu.Vector.Name(vector);

    public override string Text => Vector is { } vector ? $"trap {vector} ({Cpu.Vector.Name(vector)})" : "any trap";
}

/// <summary>Before a device serves what the guest has asked of it.</summary>
public abstract record TransferTarget : BreakpointTarget
{
    internal abstract bool Matches(PendingTransfer transfer);

    private protected static bool IsOf(PendingTransfer transfer, string? device) =>
        device is null || string.Equals(device, transfer.Device, StringComparison.OrdinalIgnoreCase);
}

/// <summary>Before a device serves a DMA.</summary>
/// <param name="Key">The key that was sent to; null for any.</param>
/// <param name="Device">Name of the device; null for any.</param>
public sealed record DmaTarget(uint? Key, string? Device) : TransferTarget
{
    public override BreakpointKind Kind => BreakpointKind.Dma;

    public override string Text => (Key, Device) switch
    {
        ({ } key, _) => $"DMA to key 0x{key:x}",
        (_, { } device) => $"DMA to {device}",
        _ => "any DMA",
    };

    internal override bool Matches(PendingTransfer transfer) => transfer is PendingDma dma && (Key is null || Key == dma.Key) && IsOf(dma, Device);
}

/// <summary>Before the host looks at a kick.</summary>
/// <param name="Device">Name of the device; null for any.</param>
/// <param name="Queue">Which of its virtqueues, from 0; null for any, and for changes of its status.</param>
public sealed record KickTarget(string? Device, int? Queue) : TransferTarget
{
    public override BreakpointKind Kind => BreakpointKind.Kick;

    public override string Text => (Device is null ? "any kick" : $"kick of {Device}") + (Queue is { } queue ? $", queue {queue}" : "");

    internal override bool Matches(PendingTransfer transfer) => transfer is PendingKick kick && (Queue is null || Queue == kick.Queue) && IsOf(kick, Device);
}

/// <summary>Before a virtual interrupt is delivered.</summary>
/// <param name="Irq">Its number, 0 to 31; null for any.</param>
public sealed record InterruptTarget(int? Irq) : BreakpointTarget
{
    public override BreakpointKind Kind => BreakpointKind.Interrupt;

    public override string Text => Irq is { } irq ? $"irq {irq}" : "any interrupt";
}
