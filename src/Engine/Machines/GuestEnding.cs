namespace LguestPS;

/// <summary>How a guest can end.</summary>
public enum EndingKind : long
{
    /// <summary>The guest switched itself off: CRASH with the text "Power down".</summary>
    PowerDown,

    /// <summary>The guest called CRASH with any other text.</summary>
    Crashed,

    /// <summary>The host ended it because it broke the ABI.</summary>
    Killed,

    /// <summary>A person or a program stopped it.</summary>
    Stopped,

    /// <summary>The guest asked to be started again: SHUTDOWN with that reason.</summary>
    Restart,
}

/// <summary>How a guest ended. Ending is data, never an exception.</summary>
/// <param name="Kind">Which of the ways it was.</param>
/// <param name="Reason">For Crashed <c>CRASH: text</c>, for Killed the reason in the words of ABI §11.</param>
public sealed record GuestEnding(EndingKind Kind, string Reason)
{
    public override string ToString() => Reason;
}
