namespace LguestPS.Abi;

/// <summary>What is read at a port where there is no device.</summary>
internal static class AbsentPorts
{
    private const ushort TimerCounter = 0x40;

    /// <summary>All ones, as on a bus that nothing drives; zero from the interval timer's counter.</summary>
    /// <param name="port">The port.</param>
    /// <param name="width">Bytes read: 1, 2 or 4.</param>
    /// <remarks>
    /// A kernel that is unpacked to a random address, on a processor without a time stamp counter, asks the timer for its status until a bit
    /// of that is clear (Linux, arch/x86/boot/compressed). Its other loops, such as that of earlyprintk=serial, wait for a bit to be set.
    /// </remarks>
    public static uint Read(ushort port, int width) => port == TimerCounter ? 0 : uint.MaxValue >> (32 - 8 * width);
}
