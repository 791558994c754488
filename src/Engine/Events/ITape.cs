namespace LguestPS.Events;

/// <summary>What a run is recorded on, and from which it comes again.</summary>
internal interface ITape
{
    /// <summary>Whether every event is kept.</summary>
    bool KeepsEvents { get; }

    /// <summary>Whether the guest is not at the end of what was recorded: what comes in, comes from the tape.</summary>
    bool IsInPast { get; }

    /// <summary>A hypercall is about to be done, or could be; where that was is remembered, so that it is found again.</summary>
    void NoteCall(uint number);

    /// <summary>Something happened: it is kept, or held against what happened here when this was recorded.</summary>
    /// <exception cref="LguestException">ReplayDiverged.</exception>
    void NoteEvent(LguestEvent happened);

    /// <summary>Called where input may enter: at the recording's end, what was held back waits again.</summary>
    void AtInput();

    /// <summary>Where a device may hand over input: what it handed over here when this was recorded, or null.</summary>
    /// <param name="device">Its place in the order of the slots.</param>
    /// <param name="isTyped">Whether it has some now that is meant for the guest where it is.</param>
    /// <exception cref="LguestException">ReplayDiverged: the run has gone past a place where input came in.</exception>
    byte[]? InputAgain(int device, bool isTyped);

    /// <summary>A device is about to hand over this here.</summary>
    void NoteInput(int device, byte[] bytes);

    /// <summary>The error of a run that is another one than the recorded one.</summary>
    /// <param name="how">What is different, in words that follow a colon.</param>
    LguestException Diverged(string how);
}
