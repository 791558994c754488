namespace LguestPS.Abi;

/// <summary>What a guest reaches with instructions rather than hypercalls: ports, and the device memory above its RAM.</summary>
internal interface IDeviceRegisters
{
    /// <param name="port">The port's number.</param>
    /// <param name="width">Bytes: 1, 2 or 4.</param>
    /// <returns>The value, zero-extended; all ones where nothing answers.</returns>
    uint ReadPort(ushort port, int width);

    /// <inheritdoc cref="ReadPort"/>
    /// <param name="port">The port's number.</param>
    /// <param name="width">Bytes: 1, 2 or 4.</param>
    /// <param name="value">What is written; only its lowest bytes count.</param>
    void WritePort(ushort port, int width, uint value);

    /// <param name="physical">Guest-physical address, beyond memory.</param>
    /// <param name="width">Bytes: 1, 2 or 4.</param>
    /// <returns>The value, zero-extended; all ones where nothing answers.</returns>
    /// <exception cref="Errors.GuestKilledException">The guest broke a rule of the device.</exception>
    uint ReadMemory(uint physical, int width);

    /// <inheritdoc cref="ReadMemory"/>
    /// <param name="physical">Guest-physical address, beyond memory.</param>
    /// <param name="width">Bytes: 1, 2 or 4.</param>
    /// <param name="value">What is written; only its lowest bytes count.</param>
    void WriteMemory(uint physical, int width, uint value);

    /// <summary>The device and the register at a guest-physical address, such as <c>net0</c> and <c>device_status</c>; null where nothing answers.</summary>
    (string Device, string Register)? NameOf(uint physical);
}
