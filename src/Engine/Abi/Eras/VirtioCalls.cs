using static LguestPS.Abi.Calls;
using static LguestPS.Abi.Eras.CommonCalls;

namespace LguestPS.Abi.Eras;

/// <summary>The hypercalls of the later eras (ABI §3).</summary>
internal static class VirtioCalls
{
    private static readonly HypercallDefinition Shutdown =
        Call(2, "SHUTDOWN", [Text("message"), Number("reason")], (h, call) => h.Shutdown(call[0], call[1]));

    private static readonly HypercallDefinition Notify = Call(17, "NOTIFY", [Physical("address")], (h, call) => h.Notify(call[0]));

    private static readonly HypercallDefinition LoadGdtEntry = Call(
        18, "LOAD_GDT_ENTRY", [Number("entry"), Descriptor("descriptor")], (h, call) => h.LoadGdtEntry(call[0], call[1], call[2]));

    public static readonly IReadOnlyList<HypercallDefinition> V2624 = With(Crash, LoadGdt, SetPmdAt15, Notify);

    public static readonly IReadOnlyList<HypercallDefinition> V2625 = With(Shutdown, LoadGdt, SetPmdAt15, Notify);

    public static readonly IReadOnlyList<HypercallDefinition> V2630 = With(Shutdown, SetPmdAt15, Notify, LoadGdtEntry);

    public static readonly IReadOnlyList<HypercallDefinition> V2631 = With(
        Shutdown,
        Call(13, "SET_PMD", [Physical("table"), Number("index")], (h, call) => h.SetPmd(call[0], call[1])),
        Call(15, "SET_PGD", [Physical("directory"), Number("index")], (h, call) => h.SetPgd(call[0], call[1])),
        Notify, LoadGdtEntry,
        Call(19, "SEND_INTERRUPTS", [], (h, _) => h.SendInterrupts()));

    public static readonly IReadOnlyList<HypercallDefinition> V40 = [.. V2631.Where(call => call != Notify)];
}
