using LguestPS.Events;
using LguestPS.Memory;

namespace LguestPS.Devices;

/// <summary>All that a device, or the way to it, may ask of the guest it belongs to.</summary>
internal interface IDeviceHost
{
    GuestMemory Memory { get; }

    /// <summary>Guest time in nanoseconds.</summary>
    long Now { get; }

    /// <summary>What the run is recorded on, or null.</summary>
    ITape? Tape { get; }

    /// <summary>Where transfers become events.</summary>
    EventRecorder Events { get; }

    /// <summary>Whether the guest does again what was recorded: nothing goes out then, and what comes in comes from the tape.</summary>
    bool IsInPast => Tape?.IsInPast ?? false;

    /// <summary>Makes a virtual interrupt (0 to 31) pending.</summary>
    void Raise(int irq);

    /// <summary>A transfer waits for its device; the run loop has it served as the next thing.</summary>
    void MakePending(PendingTransfer transfer);

    /// <summary>Shows what the guest wrote to its console.</summary>
    void Show(ReadOnlyMemory<byte> text);

    /// <summary>Says, in a sentence, what went wrong on the host's side.</summary>
    void Warn(string what);

    /// <summary>Ends the guest, which cannot go on without something of the host's.</summary>
    void Stop(string reason);
}
