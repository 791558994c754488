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

    /// <summary>What an argument pointed at when the call was done, for the calls where that matters.</summary>
    internal byte[]? PointedAt { get; init; }

    /// <summary>The arguments with their names and what they mean, such as <c>vector=14 (#PF) handler=0xc0103f4c &lt;page_fault&gt; gate=interrupt dpl=0</c>.</summary>
    public string Decoded => Call.Decode(PointedAt);

    /// <summary>Trap, or Ring for one of the asynchronous calls.</summary>
    public HypercallOrigin Origin => Call.Origin;

    /// <summary>The ring slot (0 to 63) for an asynchronous call, else null.</summary>
    public int? Slot => Call.Slot;

    /// <summary>The result; null for calls that have none. For a ring entry it was computed, but is not returned.</summary>
    public required uint? Result { get; init; }

    /// <summary>Where the guest will go on: the address after its trap instruction. For a ring entry, that of the trap that drained it.</summary>
    public uint Eip => Call.Eip;

    /// <summary>Where in the kernel <see cref="Eip"/> is, such as hypercall+0x12; null if that is not known.</summary>
    public string? Symbol => Call.Symbol;

    public override string Summary =>
        $"{Name}({Decoded}){(Slot is { } slot ? $" from ring slot {slot}" : "")}{(Result is { } result ? $" = {result}" : "")}";
}
