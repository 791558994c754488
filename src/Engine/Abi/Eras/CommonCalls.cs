using LguestPS.Segments;
using static LguestPS.Abi.Calls;

namespace LguestPS.Abi.Eras;

/// <summary>The hypercalls that are the same in several eras (ABI §3).</summary>
internal static class CommonCalls
{
    /// <summary>CRASH, up to 2.6.24.</summary>
    public static readonly HypercallDefinition Crash = Call(2, "CRASH", [Text("message")], (h, call) => h.Crash(call[0]));

    /// <summary>LOAD_GDT, up to 2.6.29.</summary>
    public static readonly HypercallDefinition LoadGdt = Call(
        3, "LOAD_GDT", [Descriptors("table", first: 0, count: call => call[1]), Number("entries")], (h, call) => h.LoadGdt(call[0], call[1]));

    /// <summary>SET_PMD of two-level page tables, up to 2.6.30.</summary>
    public static readonly HypercallDefinition SetPmdAt15 =
        Call(15, "SET_PMD", [Physical("directory"), Slot("index")], (h, call) => h.SetPgd(call[0], call[1]));

    private static readonly HypercallDefinition[] Always =
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

    /// <summary>The table of an era, by number: what every era has, and its own.</summary>
    public static IReadOnlyList<HypercallDefinition> With(params HypercallDefinition[] own)
    {
        HypercallDefinition[] calls = [.. Always, .. own];
        Array.Sort(calls, (left, right) => left.Number.CompareTo(right.Number));
        return calls;
    }
}
