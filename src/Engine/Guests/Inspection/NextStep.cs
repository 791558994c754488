namespace LguestPS;

/// <summary>What a step would do, seen before it is done.</summary>
public sealed record NextStep : GuestView
{
    /// <summary>Where the guest stands: what kind of step comes.</summary>
    public required Standstill Standstill { get; init; }

    /// <summary>The call that would be done, or null.</summary>
    public required Hypercall? Call { get; init; }

    /// <summary>The DMA that would be served, or null.</summary>
    public required PendingDma? Dma { get; init; }

    /// <summary>The kick that would be looked at, or null.</summary>
    public required PendingKick? Kick { get; init; }

    /// <summary>The instruction that would be run first, or null.</summary>
    public required DisassembledInstruction? Instruction { get; init; }

    /// <summary>What it would do, in a sentence.</summary>
    public required string Text { get; init; }

    public override string ToString() => Text;
}
