namespace LguestPS.Recordings;

/// <summary>Where a guest is in its run.</summary>
internal static class GuestPosition
{
    public static RunPosition Of(Guest guest) => new(guest.Events.Count, guest.Cpu.InstructionCount, guest.Clock.Now, guest.Recording?.InputCount ?? 0);
}
