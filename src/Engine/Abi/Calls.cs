using LguestPS.Hypercalls;

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

    /// <summary>A call without a result.</summary>
    public static HypercallDefinition Call(
        uint number, string name, IReadOnlyList<HypercallParameter> parameters, Action<HypercallHandlers, Hypercall> does) =>
        new(number, name, parameters, (handlers, call) =>
        {
            does(handlers, call);
            return null;
        });

    /// <summary>A call whose result the guest finds in eax.</summary>
    public static HypercallDefinition CallWithResult(
        uint number, string name, IReadOnlyList<HypercallParameter> parameters, Func<HypercallHandlers, Hypercall, uint> does) =>
        new(number, name, parameters, (handlers, call) => does(handlers, call));

    /// <summary>A call of an era this engine can name but not yet run.</summary>
    public static HypercallDefinition Named(uint number, string name, params IReadOnlyList<HypercallParameter> parameters) =>
        new(number, name, parameters);
}
