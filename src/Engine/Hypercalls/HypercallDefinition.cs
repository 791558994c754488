using LguestPS.Hypercalls;

namespace LguestPS;

/// <summary>What an argument of a hypercall means; decides how it is shown.</summary>
public enum ParameterMeaning
{
    Number,
    Flag,
    PhysicalAddress,
    VirtualAddress,
    Selector,
    PageTableEntry,
    Nanoseconds,
}

/// <summary>One named argument of a hypercall.</summary>
public sealed record HypercallParameter(string Name, ParameterMeaning Meaning)
{
    internal string Format(uint value) => Meaning switch
    {
        ParameterMeaning.Number or ParameterMeaning.Nanoseconds => $"{value}",
        ParameterMeaning.Flag => value == 0 ? "0" : "1",
        ParameterMeaning.Selector => $"0x{value:x2}",
        _ => $"0x{value:x8}",
    };
}

/// <summary>A row of a profile's hypercall table: number, name, arguments and, where this engine can run it, what it does.</summary>
public sealed class HypercallDefinition
{
    internal HypercallDefinition(uint number, string name, IReadOnlyList<HypercallParameter> parameters, Func<HypercallHandlers, Hypercall, uint?>? handler = null)
    {
        Number = number;
        Name = name;
        Parameters = parameters.ToArray();
        Handler = handler;
    }

    public uint Number { get; }

    public string Name { get; }

    public IReadOnlyList<HypercallParameter> Parameters { get; }

    /// <summary>Does the call; gives its result, or null for a call that has none. Null in profiles that are only decoded.</summary>
    internal Func<HypercallHandlers, Hypercall, uint?>? Handler { get; }
}
