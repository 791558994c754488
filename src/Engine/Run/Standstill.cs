namespace LguestPS;

/// <summary>The life of a guest: Created → Running ⇄ Paused → Ended.</summary>
public enum GuestState : long
{
    Created,
    Running,
    Paused,
    Ended,
}

/// <summary>Why a running guest came to a stop: where it stands now.</summary>
public enum Standstill : long
{
    /// <summary>Not started yet.</summary>
    NotStarted,

    /// <summary>A hypercall is pending and nothing of it is done.</summary>
    Hypercall,

    /// <summary>A ring entry is next; the direct call stays pending after it.</summary>
    RingEntry,

    /// <summary>A DMA waits to be served.</summary>
    Dma,

    /// <summary>Between two instructions.</summary>
    Instruction,

    /// <summary>A breakpoint stopped it; <see cref="Guest.BreakpointHit"/> says which, and where.</summary>
    Breakpoint,

    /// <summary>A trap waits to be dealt with.</summary>
    Trap,

    /// <summary>A virtual interrupt waits to be delivered.</summary>
    Interrupt,

    /// <summary>The consumer took no more events.</summary>
    Event,

    /// <summary>Somebody asked it to stop.</summary>
    StopRequested,

    /// <summary>Halted with nothing to wait for but input.</summary>
    WaitingForInput,

    /// <summary>The host-time limit of this run was reached.</summary>
    TimeLimit,

    /// <summary>The instruction limit was reached.</summary>
    InstructionLimit,

    /// <summary>A replay has done all that was recorded.</summary>
    EndOfRecording,

    /// <summary>The guest has ended.</summary>
    Ended,

    /// <summary>A NOTIFY is done, and the host has not looked yet at what it is about.</summary>
    Kick,
}
