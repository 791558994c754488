namespace LguestPS.Abi;

/// <summary>The hypercalls with which a guest reaches its devices; how it does is its era's.</summary>
internal interface IDeviceOperations
{
    /// <summary>Binds, or with irq 0 unbinds, an array of buffers for what comes in under a key (ABI §7).</summary>
    /// <param name="key">Guest-physical address that names what comes in.</param>
    /// <param name="array">Guest-physical address of the first buffer list.</param>
    /// <param name="count">How many lists there are.</param>
    /// <param name="irq">The virtual interrupt for a filled buffer, 1 to 31.</param>
    /// <returns>What the guest finds in eax: 1 if that was done, else 0.</returns>
    /// <exception cref="Errors.GuestKilledException">The key is bad.</exception>
    uint BindDma(uint key, uint array, ushort count, byte irq) => throw NotOfThisEra();

    /// <summary>Sends a buffer list to whoever has a key: another guest at once, or a device that serves it as the next thing.</summary>
    /// <param name="key">The receiver's.</param>
    /// <param name="list">Guest-physical address of the list.</param>
    /// <exception cref="Errors.GuestKilledException">The key is bad.</exception>
    void SendDma(uint key, uint list) => throw NotOfThisEra();

    /// <summary>Tells the launcher that there is something in a virtqueue, that the status of a device has changed, or that there is text for the early console.</summary>
    /// <param name="address">Guest-physical address of a ring, a descriptor or the text; 0 for nothing.</param>
    void Notify(uint address) => throw NotOfThisEra();

    private static InvalidOperationException NotOfThisEra() => new("the profile of the guest's era has no such hypercall");
}
