using static LguestPS.Abi.Calls;
using static LguestPS.Abi.Eras.CommonCalls;

namespace LguestPS.Abi.Eras;

/// <summary>The sixteen hypercalls of the DMA eras (ABI §3): v2.6.23 and the seed have the same.</summary>
internal static class DmaCalls
{
    public static readonly IReadOnlyList<HypercallDefinition> Table = With(
        Crash, LoadGdt, SetPmdAt15,
        CallWithResult(12, "BIND_DMA", [Physical("key"), Physical("array"), CountAndIrq("count")], (h, call) => h.BindDma(call[0], call[1], call[2])),
        Call(13, "SEND_DMA", [Physical("key"), Physical("dma")], (h, call) => h.SendDma(call[0], call[1])));
}
