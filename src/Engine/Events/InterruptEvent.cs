namespace LguestPS;

/// <summary>A virtual interrupt that was delivered to the guest.</summary>
public sealed record InterruptEvent : LguestEvent
{
    public override EventKinds Kind => EventKinds.Interrupt;

    /// <summary>The virtual interrupt, 0 to 31; 0 is the clock, a device's is its index + 1.</summary>
    public required int Irq { get; init; }

    /// <summary>The vector it came in by: 0x20 + <see cref="Irq"/>.</summary>
    public byte Vector => (byte)(Cpu.Vector.FirstInterrupt + Irq);

    /// <summary>Where the guest was interrupted.</summary>
    public required uint Eip { get; init; }

    /// <summary>Where in the kernel <see cref="Eip"/> is, such as schedule+0x1a; null if that is not known.</summary>
    public string? Symbol => Header.Symbols?.Describe(Eip);

    public override string Summary => $"irq {Irq} at {Shown(Eip, Symbol)}";
}
