namespace LguestPS.Events;

/// <summary>Counts what happens, whether or not an event is made of it.</summary>
internal interface IEventMeter
{
    void Done(Hypercall call);

    void Trapped(byte vector, TrapOutcome outcome);

    void Interrupted(int irq);

    /// <param name="device">Its name, or null where no device was.</param>
    void Served(string? device);

    /// <inheritdoc cref="Served"/>
    void Kicked(string? device);

    /// <summary>A device gave a buffer of a virtqueue back.</summary>
    void Returned(string device);
}
