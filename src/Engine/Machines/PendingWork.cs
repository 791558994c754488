namespace LguestPS.Machines;

/// <summary>What the guest has asked for, or what has come for it, that the host has not done yet.</summary>
/// <remarks>
/// They are done in the order in which they stand here. A hypercall can be pending together with a transfer: the SEND_DMA or NOTIFY came from the
/// ring, or was itself the call and is done. A trap or an interrupt is pending only where a breakpoint or a step has asked for it.
/// </remarks>
internal sealed class PendingWork
{
    /// <summary>Which of them is done next.</summary>
    public PendingKind First =>
        Trap is not null ? PendingKind.Trap
        : Transfer is not null ? Transfer is PendingKick ? PendingKind.Kick : PendingKind.Dma
        : Call is not null ? PendingKind.Call
        : Interrupt is not null ? PendingKind.Interrupt : PendingKind.Nothing;

    /// <summary>A trap that is not dealt with yet.</summary>
    public PendingTrap? Trap { get; set; }

    /// <summary>What waits for a device.</summary>
    public PendingTransfer? Transfer { get; set; }

    /// <summary>The hypercall that the trap handler has set and the run loop has not done yet.</summary>
    public Hypercall? Call { get; set; }

    /// <summary>A virtual interrupt (0 to 31) that is about to be delivered.</summary>
    public int? Interrupt { get; set; }

    /// <summary>Nothing of it will be done.</summary>
    public void Clear() => (Trap, Transfer, Call, Interrupt) = (null, null, null, null);
}

/// <summary>What can be pending, in the order in which it is done.</summary>
internal enum PendingKind
{
    Nothing,
    Trap,
    Dma,
    Kick,
    Call,
    Interrupt,
}
