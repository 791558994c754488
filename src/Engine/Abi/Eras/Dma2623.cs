namespace LguestPS.Abi.Eras;

/// <summary>The first release. Its guest id moves the fields after it, and struct lguest_dma has addresses first.</summary>
internal static class Dma2623
{
    private static readonly GuestDataLayout Data = new()
    {
        HcallStatus = 20,
        Hcalls = 84,
        ReserveMem = 1108,
        GuestId = 1112,
        TscKhz = 1116,
        NoIrqStart = 1120,
        NoIrqEnd = 1124,
        Size = 1128,
        RingOrder = [ArgumentRegister.Edx, ArgumentRegister.Ebx, ArgumentRegister.Ecx],
    };

    public static readonly AbiProfile Profile = new("dma-2.6.23", "v2.6.23", DmaCalls.Table, Data)
    {
        EndsForTouchingSwitcher = true,
        Dma = DmaLayout.V2623,
        FirstKernel = new(2, 6, 23),
    };
}
