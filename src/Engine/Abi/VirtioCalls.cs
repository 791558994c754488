using LguestPS.Segments;
using static LguestPS.Abi.Calls;

namespace LguestPS.Abi;

/// <summary>The hypercalls of the later eras by name, for decoding (ABI §1).</summary>
internal static class VirtioCalls
{
    private static readonly HypercallDefinition FlushAsync = Named(0, "FLUSH_ASYNC");
    private static readonly HypercallDefinition Init = Named(1, "LGUEST_INIT", Physical("data"));
    private static readonly HypercallDefinition Crash = Named(2, "CRASH", Text("message"));
    private static readonly HypercallDefinition Shutdown = Named(2, "SHUTDOWN", Text("message"), Number("reason"));
    private static readonly HypercallDefinition LoadGdt = Named(3, "LOAD_GDT", Descriptors("table", first: 0, count: call => call[1]), Number("entries"));
    private static readonly HypercallDefinition SetPmdAt15 = Named(15, "SET_PMD", Physical("directory"), Slot("index"));
    private static readonly HypercallDefinition Notify = Named(17, "NOTIFY", Physical("address"));
    private static readonly HypercallDefinition LoadGdtEntry = Named(18, "LOAD_GDT_ENTRY", Number("entry"), Descriptor("descriptor"));

    private static readonly HypercallDefinition[] Common =
    [
        Named(4, "NEW_PGTABLE", Physical("directory")),
        Named(5, "FLUSH_TLB", Scope("scope")),
        Named(6, "LOAD_IDT_ENTRY", Vector("vector"), Gate("handler")),
        Named(7, "SET_STACK", Selector("ss"), StackTop("esp"), Number("pages")),
        Named(8, "TS", Flag("set")),
        Named(9, "SET_CLOCKEVENT", Nanoseconds("delta")),
        Named(10, "HALT"),
        Named(14, "SET_PTE", Physical("directory"), Virtual("address"), Entry("entry")),
        Named(16, "LOAD_TLS", Descriptors("descriptors", DescriptorTable.FirstTls, count: _ => DescriptorTable.TlsEntries), Number("cpu")),
    ];

    public static readonly IReadOnlyList<HypercallDefinition> V2624 = Sorted(FlushAsync, Init, Crash, LoadGdt, SetPmdAt15, Notify);

    public static readonly IReadOnlyList<HypercallDefinition> V2625 = Sorted(FlushAsync, Init, Shutdown, LoadGdt, SetPmdAt15, Notify);

    public static readonly IReadOnlyList<HypercallDefinition> V2630 = Sorted(FlushAsync, Init, Shutdown, SetPmdAt15, Notify, LoadGdtEntry);

    public static readonly IReadOnlyList<HypercallDefinition> V2631 = Sorted(
        FlushAsync, Init, Shutdown,
        Named(13, "SET_PMD", Physical("directory"), Number("index")),
        Named(15, "SET_PGD", Physical("directory"), Number("index")),
        Notify, LoadGdtEntry,
        Named(19, "SEND_INTERRUPTS"));

    public static readonly IReadOnlyList<HypercallDefinition> V40 = [.. V2631.Where(call => call != Notify)];

    private static HypercallDefinition[] Sorted(params HypercallDefinition[] own)
    {
        HypercallDefinition[] calls = [.. Common, .. own];
        Array.Sort(calls, (left, right) => left.Number.CompareTo(right.Number));
        return calls;
    }
}
