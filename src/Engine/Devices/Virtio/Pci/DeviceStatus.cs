using LguestPS.Errors;
using LguestPS.State;

namespace LguestPS.Devices.Virtio.Pci;

/// <summary>How far a guest's driver has come with a device (virtio 1.0, 2.1 and 3.1.1): bits that are only added, each in its turn.</summary>
/// <param name="who">The device's name, for messages.</param>
internal sealed class DeviceStatus(string who)
{
    public const byte Acknowledge = 1;
    public const byte Driver = 2;
    public const byte DriverOk = 4;
    public const byte FeaturesOk = 8;
    public const byte Failed = 0x80;

    /// <summary>The bits in the order in which they are set.</summary>
    private static readonly (byte Bit, string Name)[] Steps =
        [(Acknowledge, "ACKNOWLEDGE"), (Driver, "DRIVER"), (FeaturesOk, "FEATURES_OK"), (DriverOk, "DRIVER_OK")];

    private bool wasReadBack;

    public byte Value { get; private set; }

    /// <summary>Whether the guest has looked whether the features that it has accepted will do, and so may go on.</summary>
    public bool AreFeaturesFinal => Has(FeaturesOk) && wasReadBack;

    public bool Has(byte bit) => (Value & bit) != 0;

    /// <summary>The guest reads it.</summary>
    public byte Read()
    {
        wasReadBack = true;
        return Value;
    }

    /// <summary>The guest writes it, and it is not 0.</summary>
    /// <exception cref="GuestKilledException">A bit is taken back, or set out of its turn.</exception>
    public void Write(byte status)
    {
        if ((Value & ~status) != 0) throw Bad(status, $"takes back 0x{Value & ~status:x2}, which only a reset does");
        int added = status & ~Value;
        byte before = 0;
        foreach ((byte bit, string name) in Steps)
        {
            if ((added & bit) != 0 && (Value & before) != before) throw Bad(status, $"sets {name} before {NameOf(before)} was set");
            before = bit;
        }
        if ((added & DriverOk) != 0 && !wasReadBack) throw Bad(status, "sets DRIVER_OK, and FEATURES_OK was not read back");
        if ((added & ~Known) != 0) throw Bad(status, $"sets 0x{added & ~Known:x2}, which is nothing that a driver may say");
        if ((added & FeaturesOk) != 0) wasReadBack = false;
        Value = status;
    }

    public void Reset() => (Value, wasReadBack) = (0, false);

    public void Save(StateWriter state)
    {
        state.Write(Value);
        state.Write(wasReadBack);
    }

    /// <exception cref="InvalidStateException">No guest could have come there.</exception>
    public void Load(StateReader state)
    {
        Value = state.ReadByte();
        wasReadBack = state.ReadBool();
        bool hasGap = false, isInOrder = true;
        foreach ((byte bit, _) in Steps)
        {
            isInOrder &= !Has(bit) || !hasGap;
            hasGap |= !Has(bit);
        }
        if (!isInOrder || (Value & ~Known) != 0 || (Has(DriverOk) && !wasReadBack)) throw new InvalidStateException($"{who}: the status is 0x{Value:x2}");
    }

    private static byte Known => Acknowledge | Driver | DriverOk | FeaturesOk | Failed;

    private static string NameOf(byte bit) => Array.Find(Steps, step => step.Bit == bit).Name;

    private GuestKilledException Bad(byte status, string how) => new($"{who}: device_status 0x{Value:x2} -> 0x{status:x2} {how}");
}
