namespace LguestPS;

/// <summary>A hypercall that has been done.</summary>
public sealed record HypercallEvent : LguestEvent
{
    public override EventKinds Kind => EventKinds.Hypercall;

    /// <summary>The call as the guest made it.</summary>
    internal Hypercall Call { get; init; } = null!;

    /// <summary>The number in eax (ABI §3).</summary>
    public uint Number => Call.Number;

    /// <summary>The name in the guest's ABI profile, such as SEND_DMA.</summary>
    public string Name => Call.Name;

    /// <summary>The arguments the call has in this profile, in ABI order.</summary>
    public uint[] Arguments => Call.Arguments;

    /// <summary>The arguments with their names, such as <c>key=0x00000000 dma=0x00100040</c>.</summary>
    public string Decoded => Call.Decoded;

    /// <summary>Trap, or Ring for one of the asynchronous calls.</summary>
    public HypercallOrigin Origin => Call.Origin;

    /// <summary>The ring slot (0 to 63) for an asynchronous call, else null.</summary>
    public int? Slot => Call.Slot;

    /// <summary>The result; null for calls that have none. For a ring entry it was computed but nobody receives it.</summary>
    public required uint? Result { get; init; }

    /// <summary>Where the guest will go on: the address behind its trap instruction. For a ring entry, that of the trap that drained it.</summary>
    public uint Eip => Call.Eip;

    public override string Summary =>
        $"{Name}({Decoded}){(Slot is { } slot ? $" from ring slot {slot}" : "")}{(Result is { } result ? $" = {result}" : "")}";
}
