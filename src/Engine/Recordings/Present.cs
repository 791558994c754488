namespace LguestPS.Recordings;

/// <summary>A recorded guest as it stood before it was taken back, to the last detail of how it stood there.</summary>
/// <param name="Checkpoint">All that it was.</param>
/// <param name="Standstill">Why it stood still.</param>
/// <param name="Ending">How it had ended, or null.</param>
/// <param name="IsEndAnnounced">Whether the event of that had been made.</param>
/// <param name="Reported">Which breakpoint stopped it, and what has been said of it.</param>
internal sealed record Present(Checkpoint Checkpoint, Standstill Standstill, GuestEnding? Ending, bool IsEndAnnounced, (BreakpointHit? Stop, bool Call, bool Other) Reported)
{
    /// <param name="guest">It stands still.</param>
    /// <param name="standstill">Why.</param>
    public static Present Of(Guest guest, Standstill standstill) =>
        new(guest.MakeCheckpoint(label: null), standstill, guest.Ending, guest.Events.IsEndAnnounced, guest.Interceptor.Reported);

    /// <summary>Makes the guest that again.</summary>
    public void Restore(Guest guest, Recording recording)
    {
        recording.Return(Checkpoint);
        guest.Interceptor.Reported = Reported;
        if (Reported.Stop is { Access.Access: MemoryAccess.Execute }) guest.Cpu.PassWatched();
        if (Ending is not { } ending) return;
        guest.Machine.End(ending.Kind, ending.Reason);
        guest.Events.IsEndAnnounced = IsEndAnnounced;
    }
}
