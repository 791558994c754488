namespace LguestPS;

/// <summary>A slot of the asynchronous hypercall ring in struct lguest_data (ABI §2, §4).</summary>
public sealed record RingSlot : GuestView
{
    /// <summary>Its number, 0 to 63.</summary>
    public required int Slot { get; init; }

    /// <summary>Its status byte: 0xFF is free or done, anything else waits to be done.</summary>
    public required byte Status { get; init; }

    /// <summary>Whether a call waits in it.</summary>
    public bool IsReady => Status != Machines.GuestData.HypercallFree;

    /// <summary>The call in it; for a free slot, the last one that was.</summary>
    public required Hypercall Call { get; init; }

    /// <summary>Whether the host looks here next.</summary>
    public required bool IsCursor { get; init; }

    /// <summary>When it will be done, as far as the ring stands now: 1 is next. Null if a free slot lies before it, or it is free itself.</summary>
    public required int? Order { get; init; }
}
