using LguestPS.Events;
using LguestPS.Recordings;
using LguestPS.State;

namespace LguestPS.Histories;

/// <summary>Reads the events that a recording keeps, one after the other or in any order. It is used by one thread.</summary>
internal sealed class EventLogReader(GuestHistory history)
{
    private readonly EventLog log = history.Run.Log.Copy();
    private readonly EventOrigin origin = history.Origin;

    /// <summary>What is kept of an event, by its number.</summary>
    public byte[] EssenceOf(long sequence) => log[sequence - history.Start.Events - 1];

    /// <param name="sequence">The event's number, from the first after the beginning to the last.</param>
    /// <exception cref="LguestException">InvalidCheckpoint: it cannot be read.</exception>
    public LguestEvent Read(long sequence)
    {
        try
        {
            return EventCodec.Read(new StateReader(EssenceOf(sequence), []), origin, whole: false);
        }
        catch (Exception e) when (e is InvalidStateException or IOException or InvalidDataException)
        {
            throw new LguestException(LguestError.InvalidCheckpoint, $"event {sequence} of {(history.Path is { } path ? $"'{path}'" : $"guest '{history.Guest}'")} cannot be read: {e.Message}", e) { Path = history.Path };
        }
    }
}
