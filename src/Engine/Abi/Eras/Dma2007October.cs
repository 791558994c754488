namespace LguestPS.Abi.Eras;

/// <summary>The seed, 22 October 2007: the first era with a pending-hypercall pointer, and with it the default.</summary>
internal static class Dma2007October
{
    private static readonly GuestDataLayout Data = new()
    {
        HcallStatus = 20,
        Hcalls = 84,
        ReserveMem = 1108,
        TscKhz = 1112,
        NoIrqStart = 1116,
        NoIrqEnd = 1120,
        Size = 1124,
        RingOrder = [ArgumentRegister.Edx, ArgumentRegister.Ebx, ArgumentRegister.Ecx],
    };

    public static readonly AbiProfile Profile = new(AbiProfile.DefaultName, "October 2007, between v2.6.23 and v2.6.24-rc1", DmaCalls.Table, Data)
    {
        EndsForTouchingSwitcher = true,
        Dma = DmaLayout.October2007,
    };
}
