using LguestPS.Symbols;

namespace LguestPS;

/// <summary>A guest came by one of its breakpoints.</summary>
/// <remarks>Exactly one of <see cref="Hypercall"/>, <see cref="Dma"/>, <see cref="Kick"/>, <see cref="Trap"/>, <see cref="Irq"/> and <see cref="Access"/> is set, by the kind of the breakpoint.</remarks>
public sealed class BreakpointHit
{
    private readonly GuestSymbols? symbols;

    internal BreakpointHit(Breakpoint breakpoint)
    {
        Breakpoint = breakpoint;
        Guest = breakpoint.Owner;
        symbols = Guest.Machine.Symbols;
        Eip = Guest.Cpu.Registers.Eip;
        GuestTime = Guest.Clock.Elapsed;
    }

    public Breakpoint Breakpoint { get; }

    /// <summary>The guest, which stands still.</summary>
    public Guest Guest { get; }

    /// <summary>Where the guest goes on.</summary>
    public uint Eip { get; }

    /// <summary>Where in the kernel <see cref="Eip"/> is; null if that is not known.</summary>
    public string? Symbol => symbols?.Describe(Eip);

    public TimeSpan GuestTime { get; }

    /// <summary>The call of which nothing is done yet.</summary>
    public Hypercall? Hypercall { get; init; }

    /// <summary>The DMA that is not served yet.</summary>
    public PendingDma? Dma { get; init; }

    /// <summary>The kick that is not looked at yet.</summary>
    public PendingKick? Kick { get; init; }

    /// <summary>The trap that is not dealt with yet.</summary>
    public PendingTrap? Trap { get; init; }

    /// <summary>The virtual interrupt that is not delivered yet.</summary>
    public int? Irq { get; init; }

    /// <summary>The instruction that is next, or the access that was just done.</summary>
    public AccessedMemory? Access { get; init; }

    /// <summary>What the guest is about to do, or has just done, in words.</summary>
    public string What => this switch
    {
        { Hypercall: { } call } => $"{call}",
        { Dma: { } dma } => dma.Words,
        { Kick: { } kick } => kick.Words,
        { Trap: { } trap } => $"{trap}",
        { Irq: { } irq } => $"irq {irq}",
        { Access: { Access: not MemoryAccess.Execute } access } => $"{access}{At(access.Eip)}",
        _ => Place(Eip),
    };

    public override string ToString() => $"breakpoint {Breakpoint.Id}: {What}";

    private string Place(uint address) => symbols?.Describe(address) is { } symbol ? $"0x{address:x8} <{symbol}>" : $"0x{address:x8}";

    private string At(uint eip) => $" by {Place(eip)}";
}

/// <summary>A watched access of an instruction.</summary>
/// <param name="Access">What it did.</param>
/// <param name="Address">Linear address of its operand; for Execute, of the instruction.</param>
/// <param name="Length">Bytes of the operand.</param>
/// <param name="Eip">The instruction.</param>
/// <param name="Before">The operand's bytes before it, at most 16; empty if they could not be read.</param>
/// <param name="After">The same bytes after it.</param>
public sealed record AccessedMemory(MemoryAccess Access, uint Address, uint Length, uint Eip, byte[] Before, byte[] After)
{
    public override string ToString() =>
        $"{Access.ToString().ToLowerInvariant()} of {Length} at 0x{Address:x8}" + ((Access & MemoryAccess.Write) != 0 ? $": {Value(Before)} -> {Value(After)}" : $": {Value(After)}");

    private static string Value(byte[] bytes)
    {
        if (bytes.Length is 0 or > 8) return Convert.ToHexStringLower(bytes);
        ulong value = 0;
        for (int i = bytes.Length - 1; i >= 0; i--) value = value << 8 | bytes[i];
        return $"0x{value:x}";
    }
}
