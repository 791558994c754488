using LguestPS.Segments;

namespace LguestPS.Abi;

/// <summary>The words in which profiles write their tables.</summary>
internal static class Calls
{
    public static HypercallParameter Number(string name) => new(name, ParameterMeaning.Number);

    public static HypercallParameter Flag(string name) => new(name, ParameterMeaning.Flag);

    public static HypercallParameter Physical(string name) => new(name, ParameterMeaning.PhysicalAddress);

    public static HypercallParameter Virtual(string name) => new(name, ParameterMeaning.VirtualAddress);

    public static HypercallParameter Selector(string name) => new(name, ParameterMeaning.Selector);

    public static HypercallParameter Entry(string name) => new(name, ParameterMeaning.PageTableEntry);

    public static HypercallParameter Nanoseconds(string name) => new(name, ParameterMeaning.Nanoseconds);

    public static HypercallParameter Scope(string name) => new(name, ParameterMeaning.FlushScope);

    public static HypercallParameter Slot(string name) => new(name, ParameterMeaning.DirectorySlot);

    public static HypercallParameter StackTop(string name) => new(name, ParameterMeaning.StackTop);

    public static HypercallParameter Vector(string name) => new(name, ParameterMeaning.Vector);

    /// <summary>A gate, low word first.</summary>
    public static HypercallParameter Gate(string name) => new(name, ParameterMeaning.Gate);

    /// <summary>A segment descriptor, low word first.</summary>
    public static HypercallParameter Descriptor(string name) => new(name, ParameterMeaning.Descriptor);

    /// <summary>Descriptors in memory, for the GDT from entry <paramref name="first"/> on.</summary>
    public static HypercallParameter Descriptors(string name, int first, Func<Hypercall, uint> count) =>
        new(name, ParameterMeaning.DescriptorTable) { FirstEntry = first, PointsAt = call => Math.Min(count(call), DescriptorTable.Entries) * 8 };

    public static HypercallParameter Text(string name) =>
        new(name, ParameterMeaning.Text) { PointsAt = _ => IHypercallOperations.CrashTextSize - 1 };

    /// <summary>(count &lt;&lt; 8) | irq</summary>
    public static HypercallParameter CountAndIrq(string name) => new(name, ParameterMeaning.CountAndIrq);

    /// <summary>A call without a result.</summary>
    public static HypercallDefinition Call(
        uint number, string name, IReadOnlyList<HypercallParameter> parameters, Action<IHypercallOperations, Hypercall> does) =>
        new(number, name, parameters, (handlers, call) =>
        {
            does(handlers, call);
            return null;
        });

    /// <summary>A call whose result the guest finds in eax.</summary>
    public static HypercallDefinition CallWithResult(
        uint number, string name, IReadOnlyList<HypercallParameter> parameters, Func<IHypercallOperations, Hypercall, uint> does) =>
        new(number, name, parameters, (handlers, call) => does(handlers, call));
}
