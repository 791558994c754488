using LguestPS.Abi;
using LguestPS.Abi.Eras;
using LguestPS.Clock;
using LguestPS.Cpu.Scripted;
using LguestPS.Devices;
using LguestPS.Devices.Virtio.LguestBus;
using LguestPS.Errors;
using LguestPS.Events;
using LguestPS.Machines;
using LguestPS.Memory;
using LguestPS.State;

namespace LguestPS.Tests.Virtio;

/// <summary>Devices on an lguest bus whose guest is the test: it writes into the rings, makes NOTIFYs, and sees the interrupts.</summary>
internal sealed class BusRig : IDeviceHost, IDisposable
{
    public const uint Ram = 1 << 20;

    private readonly GuestClock clock = new VirtualClock();
    private readonly Machine machine;
    private readonly Dictionary<(int, int), RingDriver> rings = [];
    private uint nextFree = 0x10000;
    private PendingTransfer? pending;

    public BusRig(LguestBusRules rules, params DeviceFunction[] functions)
    {
        Rules = rules;
        Devices = new DeviceSet(functions);
        Bus = new LguestBusTransport(Devices, rules);
        Memory = new GuestMemory(Ram, Bus.Pages);
        ScriptedCpu cpu = new();
        clock.Cpu = cpu;
        machine = new Machine("rig", new AbiProfile("rig", "", DmaCalls.Table) { Data = AbiProfile.Find(AbiProfile.DefaultName)!.Data, Bus = rules }, Memory, clock, cpu);
        Events = new EventRecorder(machine) { Filter = EventFilter.Nothing };
        Bus.Describe(Memory);
        Bus.Attach(this);
    }

    public LguestBusRules Rules { get; }

    public DeviceSet Devices { get; }

    public LguestBusTransport Bus { get; }

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

    /// <summary>The guest's side of a virtqueue.</summary>
    public RingDriver Ring(int device, int queue)
    {
        if (!rings.TryGetValue((device, queue), out RingDriver? ring)) rings.Add((device, queue), ring = new RingDriver(this, Bus.Devices[device].Device.Queues[queue].Ring.Place));
        return ring;
    }

    /// <summary>The address that a NOTIFY names for a virtqueue.</summary>
    public uint KeyOf(int device, int queue) => Bus.Devices[device].Device.Queues[queue].Ring.Place.Descriptors;

    /// <summary>The guest makes a NOTIFY, and the launcher does it.</summary>
    public void Notify(uint address)
    {
        Bus.Notify(address);
        for (Turns = 0; pending is { } transfer; Turns++)
        {
            pending = null;
            Bus.Serve(transfer);
        }
    }

    /// <summary>Why the guest ends of a NOTIFY.</summary>
    public string Kills(uint address) => Xunit.Assert.Throws<GuestKilledException>(() => Notify(address)).Message;

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
        Bus.Save(state);
        return state.ToArray();
    }

    public void Load(byte[] state) => Bus.Load(new StateReader(state, []));

    public void Raise(int irq) => Interrupts.Add(irq);

    public void MakePending(PendingTransfer transfer) => pending = transfer;

    public void Show(ReadOnlyMemory<byte> text) => Shown.AddRange(text.Span);

    public void Warn(string what) => Warnings.Add(what);

    public void Stop(string reason) => throw new InvalidOperationException(reason);

    public void Dispose()
    {
        Devices.Dispose();
        clock.Dispose();
        Memory.Dispose();
    }
}
