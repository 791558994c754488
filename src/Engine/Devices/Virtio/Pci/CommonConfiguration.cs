using LguestPS.Abi;
using LguestPS.Errors;
using LguestPS.Memory;
using LguestPS.State;

namespace LguestPS.Devices.Virtio.Pci;

/// <summary>The registers by which a guest sets a device up (virtio 1.0, 4.1.4.3), and every rule of theirs that it can break.</summary>
internal sealed class CommonConfiguration
{
    // What a register of MSI-X reads without MSI-X.
    private const ushort NoVector = 0xFFFF;

    private readonly VirtioDevice device;
    private readonly ulong offered;
    private readonly PciQueue[] queues;
    private readonly DeviceStatus status;
    private uint deviceFeatureSelect, driverFeatureSelect;
    private ulong accepted;
    private ushort queueSelect;

    /// <param name="device">The device, to which a guest has been attached.</param>
    /// <param name="memory">The guest's memory.</param>
    /// <param name="rules">Of the guest's era.</param>
    public CommonConfiguration(VirtioDevice device, GuestMemory memory, PciRules rules)
    {
        this.device = device;
        offered = device.Features | RingFeature.Version1;
        queues = [.. device.Queues.Select(queue => new PciQueue(queue, memory, rules.QueueSize))];
        status = new DeviceStatus(Name);
    }

    /// <summary>What the guest has accepted of the features that are offered, all 64 bits.</summary>
    public ulong Accepted => accepted;

    /// <summary>As the guest has written it, without its having been read.</summary>
    public byte Status => status.Value;

    public IReadOnlyList<PciQueue> Queues => queues;

    private string Name => device.Function.Name;

    private PciQueue? Selected => queueSelect < queues.Length ? queues[queueSelect] : null;

    private bool AllowsIndirect => (accepted & RingFeature.Indirect) != 0;

    /// <exception cref="GuestKilledException">That may not be read now.</exception>
    public uint Read(PciRegister register)
    {
        switch (register.Offset)
        {
            case PciRegister.DeviceFeatureSelect: return deviceFeatureSelect;
            case PciRegister.DeviceFeature:
                RequireDriver(register, "is read");
                return deviceFeatureSelect > 1 ? 0 : (uint)(offered >> ShiftOf(deviceFeatureSelect));
            case PciRegister.DriverFeatureSelect: return driverFeatureSelect;
            case PciRegister.DriverFeature: return (uint)(accepted >> ShiftOf(driverFeatureSelect));
            case PciRegister.MsixConfig or PciRegister.QueueMsixVector: return NoVector;
            case PciRegister.NumQueues: return (uint)queues.Length;
            case PciRegister.DeviceStatus: return status.Read();
            case PciRegister.QueueSelect: return queueSelect;
            case PciRegister.QueueSize: return Selected?.Size ?? 0u;
            case PciRegister.QueueEnable: return Selected?.IsEnabled == true ? 1u : 0;
            case >= PciRegister.QueueDesc and <= PciRegister.QueueUsedHigh: return Selected?.Address(HalfOf(register)) ?? 0;
            default: return 0;      // config_generation and queue_notify_off, always; and notify, which is there to be written
        }
    }

    /// <exception cref="GuestKilledException">That may not be written, or not now.</exception>
    public void Write(PciRegister register, uint value)
    {
        if (!register.IsWritable) throw Bad($"{register.Name} cannot be written");
        switch (register.Offset)
        {
            case PciRegister.DeviceFeatureSelect:
                RequireDriver(register, "is written");
                deviceFeatureSelect = value;
                break;
            case PciRegister.DriverFeatureSelect:
                RequireNegotiation(register);
                if (value > 1) throw Bad($"driver_feature_select is {value}, and there are features in 0 and 1 only");
                driverFeatureSelect = value;
                break;
            case PciRegister.DriverFeature:
                RequireNegotiation(register);
                Accept(value);
                break;
            case PciRegister.DeviceStatus:
                WriteStatus((byte)value);
                break;
            case PciRegister.QueueSelect:
                queueSelect = (ushort)value;
                break;
            case PciRegister.QueueSize:
                QueueToSetUp(register).Resize((ushort)value);
                break;
            case PciRegister.QueueEnable:
                PciQueue queue = QueueToSetUp(register);
                if (value != 1) throw Bad($"{value} is written to queue_enable; only a reset ends a virtqueue");
                queue.Enable(AllowsIndirect, device.IsServed(queueSelect));
                break;
            case >= PciRegister.QueueDesc and <= PciRegister.QueueUsedHigh:
                QueueToSetUp(register).Address(HalfOf(register)) = value;
                break;
        }
    }

    /// <summary>The virtqueue that the guest notifies the device of.</summary>
    /// <exception cref="GuestKilledException">The device cannot look into it.</exception>
    public DeviceQueue Notified(uint number)
    {
        if (number >= queues.Length) throw Bad($"{number} is written to notify, and there are {queues.Length} virtqueues");
        if (!status.Has(DeviceStatus.DriverOk)) throw Bad($"{number} is written to notify before DRIVER_OK was set");
        if (!queues[number].IsEnabled) throw Bad($"{number} is written to notify, and that virtqueue was not enabled");
        return queues[number].Queue;
    }

    /// <summary>Checks that the device's own configuration may be read.</summary>
    /// <exception cref="GuestKilledException">The guest has not said that it has a driver.</exception>
    public void RequireDriverForConfig()
    {
        if (!status.Has(DeviceStatus.Driver)) throw Bad("its configuration is read before DRIVER was set in device_status");
    }

    public void Reset()
    {
        status.Reset();
        deviceFeatureSelect = driverFeatureSelect = 0;
        accepted = 0;
        queueSelect = 0;
        foreach (PciQueue queue in queues) queue.Reset();
        device.Reset();
    }

    public void Save(StateWriter state)
    {
        status.Save(state);
        state.Write(deviceFeatureSelect);
        state.Write(driverFeatureSelect);
        state.Write(accepted);
        state.Write(queueSelect);
        foreach (PciQueue queue in queues) queue.Save(state);
    }

    /// <exception cref="InvalidStateException">No device can be in this state.</exception>
    public void Load(StateReader state)
    {
        status.Load(state);
        deviceFeatureSelect = state.ReadUInt32();
        driverFeatureSelect = (uint)state.ReadInt32(0, 1, $"driver_feature_select of {Name}");
        accepted = state.ReadUInt64();
        if ((accepted & ~offered) != 0 || (status.Has(DeviceStatus.FeaturesOk) && (accepted & RingFeature.Version1) == 0))
            throw new InvalidStateException($"the guest has accepted the features 0x{accepted:x} of {Name}");
        queueSelect = state.ReadUInt16();
        foreach (PciQueue queue in queues) queue.Load(state, status.AreFeaturesFinal, AllowsIndirect);
    }

    private static int ShiftOf(uint select) => select == 0 ? 0 : 32;

    private static int HalfOf(PciRegister register) => (int)(register.Offset - PciRegister.QueueDesc) / sizeof(uint);

    private void Accept(uint features)
    {
        int shift = ShiftOf(driverFeatureSelect);
        uint unoffered = features & ~(uint)(offered >> shift);
        if (unoffered != 0) throw Bad($"the driver accepts feature {shift + System.Numerics.BitOperations.TrailingZeroCount(unoffered)}, which is not offered");
        accepted = accepted & ~((ulong)uint.MaxValue << shift) | (ulong)features << shift;
    }

    private void WriteStatus(byte value)
    {
        if (value == 0)
        {
            Reset();
            return;
        }
        if ((value & DeviceStatus.FeaturesOk) != 0 && (accepted & RingFeature.Version1) == 0 && status.Has(DeviceStatus.Driver))
            throw Bad("FEATURES_OK is set, and feature 32 (VERSION_1) was not accepted");
        status.Write(value);
    }

    private void RequireDriver(PciRegister register, string what)
    {
        if (!status.Has(DeviceStatus.Driver)) throw Bad($"{register.Name} {what} before DRIVER was set in device_status");
    }

    private void RequireNegotiation(PciRegister register)
    {
        RequireDriver(register, "is written");
        if (status.Has(DeviceStatus.FeaturesOk)) throw Bad($"{register.Name} is written after FEATURES_OK was set in device_status");
    }

    /// <summary>The selected virtqueue, which the guest sets up between its agreement to the features and DRIVER_OK.</summary>
    private PciQueue QueueToSetUp(PciRegister register)
    {
        if (!status.Has(DeviceStatus.FeaturesOk)) throw Bad($"{register.Name} is written before FEATURES_OK was set in device_status");
        if (!status.AreFeaturesFinal) throw Bad($"{register.Name} is written, and FEATURES_OK was not read back");
        if (status.Has(DeviceStatus.DriverOk)) throw Bad($"{register.Name} is written after DRIVER_OK was set in device_status");
        if (Selected is not { } queue) throw Bad($"{register.Name} is written for virtqueue {queueSelect} of {queues.Length}");
        if (queue.IsEnabled) throw Bad($"{register.Name} is written for virtqueue {queueSelect}, which is enabled");
        return queue;
    }

    private GuestKilledException Bad(string how) => new($"{Name}: {how}");
}
