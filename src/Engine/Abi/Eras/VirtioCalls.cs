using LguestPS.Segments;
using static LguestPS.Abi.Calls;

namespace LguestPS.Abi.Eras;

/// <summary>The hypercalls of the later eras (ABI §3).</summary>
internal static class VirtioCalls
{
    private static readonly HypercallDefinition Crash = Call(2, "CRASH", [Text("message")], (h, call) => h.Crash(call[0]));

    private static readonly HypercallDefinition Shutdown =
        Call(2, "SHUTDOWN", [Text("message"), Number("reason")], (h, call) => h.Shutdown(call[0], call[1]));

    private static readonly HypercallDefinition LoadGdt = Call(
        3, "LOAD_GDT", [Descriptors("table", first: 0, count: call => call[1]), Number("entries")], (h, call) => h.LoadGdt(call[0], call[1]));

    private static readonly HypercallDefinition SetPmdAt15 =
        Call(15, "SET_PMD", [Physical("directory"), Slot("index")], (h, call) => h.SetPgd(call[0], call[1]));

    private static readonly HypercallDefinition Notify = Call(17, "NOTIFY", [Physical("address")], (h, call) => h.Notify(call[0]));

    private static readonly HypercallDefinition LoadGdtEntry = Call(
        18, "LOAD_GDT_ENTRY", [Number("entry"), Descriptor("descriptor")], (h, call) => h.LoadGdtEntry(call[0], call[1], call[2]));

    private static readonly HypercallDefinition[] Common =
    [
        Call(0, "FLUSH_ASYNC", [], (_, _) => { }),
        Call(1, "LGUEST_INIT", [Physical("data")], (h, call) => h.Initialise(call[0])),
        Call(4, "NEW_PGTABLE", [Physical("directory")], (h, call) => h.NewPageTable(call[0])),
        Call(5, "FLUSH_TLB", [Scope("scope")], (h, call) => h.FlushTlb(all: call[0] != 0)),
        Call(6, "LOAD_IDT_ENTRY", [Vector("vector"), Gate("handler")], (h, call) => h.LoadIdtEntry(call[0], call[1], call[2])),
        Call(7, "SET_STACK", [Selector("ss"), StackTop("esp"), Number("pages")], (h, call) => h.SetStack(call[0], call[1], call[2])),
        Call(8, "TS", [Flag("set")], (h, call) => h.SetTaskSwitched(call[0] != 0)),
        Call(9, "SET_CLOCKEVENT", [Nanoseconds("delta")], (h, call) => h.SetClockEvent(call[0])),
        Call(10, "HALT", [], (h, _) => h.Halt()),
        Call(14, "SET_PTE", [Physical("directory"), Virtual("address"), Entry("entry")], (h, call) => h.SetPte(call[0], call[1])),
        Call(16, "LOAD_TLS", [Descriptors("descriptors", DescriptorTable.FirstTls, count: _ => DescriptorTable.TlsEntries), Number("cpu")], (h, call) => h.LoadTls(call[0])),
    ];

    public static readonly IReadOnlyList<HypercallDefinition> V2624 = Sorted(Crash, LoadGdt, SetPmdAt15, Notify);

    public static readonly IReadOnlyList<HypercallDefinition> V2625 = Sorted(Shutdown, LoadGdt, SetPmdAt15, Notify);

    public static readonly IReadOnlyList<HypercallDefinition> V2630 = Sorted(Shutdown, SetPmdAt15, Notify, LoadGdtEntry);

    public static readonly IReadOnlyList<HypercallDefinition> V2631 = Sorted(
        Shutdown,
        Call(13, "SET_PMD", [Physical("table"), Number("index")], (h, call) => h.SetPmd(call[0], call[1])),
        Call(15, "SET_PGD", [Physical("directory"), Number("index")], (h, call) => h.SetPgd(call[0], call[1])),
        Notify, LoadGdtEntry,
        Call(19, "SEND_INTERRUPTS", [], (h, _) => h.SendInterrupts()));

    public static readonly IReadOnlyList<HypercallDefinition> V40 = [.. V2631.Where(call => call != Notify)];

    private static HypercallDefinition[] Sorted(params HypercallDefinition[] own)
    {
        HypercallDefinition[] calls = [.. Common, .. own];
        Array.Sort(calls, (left, right) => left.Number.CompareTo(right.Number));
        return calls;
    }
}
