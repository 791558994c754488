using LguestPS.Abi;
using LguestPS.Abi.Eras;
using LguestPS.Clock;
using LguestPS.Cpu.Scripted;
using LguestPS.Devices;
using LguestPS.Devices.Virtio;
using LguestPS.Errors;
using LguestPS.Events;
using LguestPS.Machines;
using LguestPS.Memory;
using LguestPS.State;

namespace LguestPS.Tests.Virtio;

/// <summary>Virtio devices whose guest is the test: it writes into the rings, rings the bell, and sees the interrupts.</summary>
internal abstract class VirtioRig : IDeviceHost, IDisposable
{
    public const uint Ram = 1 << 20;

    private readonly GuestClock clock = new VirtualClock();
    private readonly Machine machine;
    private uint nextFree = 0x10000;
    private PendingTransfer? pending;
    private bool isDisposed;

    protected VirtioRig(Func<DeviceSet, VirtioTransport> transport, params DeviceFunction[] functions)
    {
        Devices = new DeviceSet(functions);
        Transport = transport(Devices);
        Memory = new GuestMemory(Ram, Transport.Pages);
        ScriptedCpu cpu = new();
        clock.Cpu = cpu;
        machine = new Machine("rig", new AbiProfile("rig", "", DmaCalls.Table, AbiProfile.Find(AbiProfile.DefaultName)!.Data), Memory, clock, cpu);
        Events = new EventRecorder(machine) { Filter = EventFilter.Nothing };
        Transport.Describe(Memory);
        Transport.Attach(this);
    }

    public VirtioTransport Transport { get; }

    public DeviceSet Devices { get; }

    public GuestMemory Memory { get; }

    public EventRecorder Events { get; }

    public ITape? Tape { get; set; }

    public long Now { get; set; }

    /// <summary>The interrupts since this was looked at.</summary>
    public List<int> Interrupts { get; } = [];

    public List<string> Warnings { get; } = [];

    public List<byte> Shown { get; } = [];

    /// <summary>Turns of serving that the last kick took.</summary>
    public int Turns { get; private set; }

    /// <summary>The launcher's turns, until nothing is pending any more.</summary>
    public void ServePending()
    {
        for (Turns = 0; pending is { } transfer; Turns++)
        {
            pending = null;
            Transport.Serve(transfer);
        }
    }

    /// <summary>What waits for the launcher's turn.</summary>
    public PendingTransfer? Pending => pending;

    /// <summary>The events of something.</summary>
    public List<LguestEvent> EventsOf(Action what)
    {
        Events.Filter = EventFilter.Everything;
        what();
        List<LguestEvent> events = [];
        while (Events.TryTake(out LguestEvent? happened)) events.Add(happened);
        Events.Filter = EventFilter.Nothing;
        return events;
    }

    /// <summary>Free memory of the guest, all zero.</summary>
    public uint Allocate(int length)
    {
        uint address = nextFree;
        nextFree += (uint)(length + 15) / 16 * 16;
        return address;
    }

    /// <summary>Memory of the guest with this in it.</summary>
    public uint Put(ReadOnlySpan<byte> bytes)
    {
        uint address = Allocate(bytes.Length);
        Memory.Write(address, bytes);
        return address;
    }

    /// <summary>What the transport and the devices would be saved as.</summary>
    public byte[] Saved()
    {
        StateWriter state = new();
        Transport.Save(state);
        return state.ToArray();
    }

    public void Load(byte[] state) => Transport.Load(new StateReader(state, []));

    public void Raise(int irq) => Interrupts.Add(irq);

    public void MakePending(PendingTransfer transfer) => pending = transfer;

    public void Show(ReadOnlyMemory<byte> text) => Shown.AddRange(text.Span);

    public void Warn(string what) => Warnings.Add(what);

    public void Stop(string reason) => throw new InvalidOperationException(reason);

    public void Dispose()
    {
        if (isDisposed) return;
        isDisposed = true;
        Devices.Dispose();
        clock.Dispose();
        Memory.Dispose();
    }
}
