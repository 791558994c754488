using LguestPS.Symbols;

namespace LguestPS.Events;

/// <summary>What every event has, whatever its kind.</summary>
/// <param name="Sequence">Position among everything that happened in the guest, from 1.</param>
/// <param name="Origin">The guest it is of.</param>
/// <param name="GuestTime">Guest time since the guest was started.</param>
/// <param name="HostTime">Host wall-clock time, UTC.</param>
/// <param name="HostDuration">Host time that it took; zero if that is not known.</param>
internal readonly record struct EventHeader(long Sequence, EventOrigin Origin, TimeSpan GuestTime, DateTime HostTime, TimeSpan HostDuration = default)
{
    /// <summary>Name of the guest.</summary>
    public string Guest => Origin.Guest;

    /// <summary>Names the addresses of the event when they are asked for; null if there are no symbols.</summary>
    public GuestSymbols? Symbols => Origin.Symbols;
}
