using LguestPS.Networks;

namespace LguestPS.Devices;

/// <summary>A network card: a wire on which frames come and go.</summary>
/// <param name="index">Which of the guest's cards it is, from 0.</param>
internal abstract class NetFunction(int index) : DeviceFunction
{
    public sealed override string Name => $"net{index}";

    /// <summary>The address of the guest's end, for a guest that is told one.</summary>
    public virtual MacAddress GuestMac { get; init; } = MacAddress.Of($"net{index}");

    public abstract GuestNetwork State { get; }
}
