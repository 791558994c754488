using LguestPS.Devices;
using LguestPS.Events;
using LguestPS.Machines;
using LguestPS.Memory;

namespace LguestPS.Run;

/// <summary>A guest as its devices see it.</summary>
internal sealed class DeviceHost(Machine machine, EventRecorder events, Lock gate) : IDeviceHost
{
    private readonly HeldWarnings warnings = new(gate);

    /// <summary>Who is shown the guest's console output, or null.</summary>
    public Action<ReadOnlyMemory<byte>>? ConsoleOutput { get; set; }

    /// <summary>Who is told what goes wrong, or null.</summary>
    public Action<string>? Warning
    {
        get => warnings.Listener;
        set => warnings.Listener = value;
    }

    public GuestMemory Memory => machine.Memory;

    public long Now => machine.Clock.Now;

    public ITape? Tape => events.Tape;

    public EventRecorder Events => events;

    public void Raise(int irq) => machine.Interrupts.Raise(irq);

    public void MakePending(PendingTransfer transfer) => machine.Pending.Transfer = transfer;

    public void Show(ReadOnlyMemory<byte> text) => ConsoleOutput?.Invoke(text);

    public void Warn(string what) => warnings.Say(what);

    /// <summary>Says what came up while the guest's gate was held.</summary>
    public void SayHeldWarnings() => warnings.SayHeld();

    public void Stop(string reason) => machine.End(EndingKind.Stopped, reason);
}
