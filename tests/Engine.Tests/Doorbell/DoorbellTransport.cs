using LguestPS.Abi;
using LguestPS.Devices;
using LguestPS.Errors;
using LguestPS.Memory;
using LguestPS.State;

namespace LguestPS.Tests.Doorbell;

/// <summary>A way to devices that no era has: a page for each with two queues, and a doorbell that says which queue to look into.</summary>
/// <remarks>The doorbell is SEND_DMA with the queue's address as its key, because that is the call which the profile of these guests has.</remarks>
internal sealed class DoorbellTransport : IDeviceTransport, IDeviceOperations
{
    private readonly Slot[] slots;
    private IDeviceHost? host;

    public DoorbellTransport(DeviceSet devices) => slots = [.. devices.All.Select(function => new Slot(function))];

    public int Pages => slots.Length;

    public IDeviceOperations Operations => this;

    private IDeviceHost Host => host ?? throw new InvalidOperationException("no guest has been attached");

    /// <summary>Guest-physical address of a queue: 0 for what the guest has for the device, 1 for what the device has for the guest.</summary>
    public static uint QueueAddress(uint ramSize, int device, int queue) => ramSize + (uint)device * GuestMemory.PageSize + (uint)queue * (GuestMemory.PageSize / 2);

    public void Describe(GuestMemory memory)
    {
    }

    public void Attach(IDeviceHost host)
    {
        this.host = host;
        for (int i = 0; i < slots.Length; i++)
        {
            slots[i].FromGuest = new DoorbellQueue(host, QueueAddress(host.Memory.RamSize, i, 0), irq: i + 1);
            slots[i].ToGuest = new DoorbellQueue(host, QueueAddress(host.Memory.RamSize, i, 1), irq: i + 1);
        }
    }

    public void SendDma(uint key, uint list) => Host.MakePending(Pending(key));

    public void Serve(PendingTransfer transfer)
    {
        PendingKick bell = (PendingKick)transfer;
        Host.Events.Kicked(bell);
        Slot slot = slots.First(slot => slot.FromGuest.Address == bell.Address);
        while (slot.FromGuest.Next() is DoorbellBuffer buffer) slot.FromGuest.Complete(buffer, Serve(slot.Function, buffer));
    }

    public string Preview(PendingTransfer transfer) => $"look into the queue of {transfer.Device}";

    public void SavePending(StateWriter state, PendingTransfer transfer) => state.Write(((PendingKick)transfer).Address);

    public PendingTransfer LoadPending(StateReader state) => Pending(state.ReadUInt32());

    public void DeliverInput()
    {
        Host.Tape?.AtInput();
        foreach (Slot slot in slots) slot.Function.DeliverInput(Host, slot.ToGuest);
    }

    public void Reset()
    {
    }

    public void BeginNewFuture()
    {
    }

    public void Save(StateWriter state)
    {
    }

    public void Load(StateReader state)
    {
    }

    private PendingKick Pending(uint address) =>
        slots.FirstOrDefault(slot => slot.FromGuest.Address == address) is { } slot
            ? new PendingKick(KickPurpose.Queue, address, slot.Function.Name, Queue: 0)
            : throw new GuestKilledException($"no doorbell at 0x{address:x8}");

    /// <returns>Bytes written to the buffer.</returns>
    private uint Serve(DeviceFunction function, DoorbellBuffer buffer)
    {
        switch (function)
        {
            case ConsoleFunction console:
                console.Write(Host, buffer.ReadAll());
                return 0;
            case DiskFunction disk:
                return Serve(disk, buffer);
            default:
                throw new InvalidOperationException($"no driver for {function.Name}");
        }
    }

    /// <summary>A request is the sector's number and, for a write, the data; what there is to write makes it a read.</summary>
    private uint Serve(DiskFunction disk, DoorbellBuffer buffer)
    {
        byte[] request = buffer.ReadAll();
        long offset = BitConverter.ToUInt32(request) * 512L;
        if (buffer.WritableLength == 0)
        {
            disk.Write(Host, offset, request.AsSpan(sizeof(uint)));
            return 0;
        }
        return disk.Read(Host, buffer, offset, buffer.WritableLength) ? buffer.WritableLength : 0;
    }

    private sealed class Slot(DeviceFunction function)
    {
        public DeviceFunction Function => function;
        public DoorbellQueue FromGuest { get; set; } = null!;
        public DoorbellQueue ToGuest { get; set; } = null!;
    }
}
