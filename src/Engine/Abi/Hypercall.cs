using LguestPS.Abi;
using LguestPS.Symbols;

namespace LguestPS;

/// <summary>How a hypercall reached the host.</summary>
public enum HypercallOrigin : long
{
    /// <summary>The trap instruction.</summary>
    Trap,

    /// <summary>The asynchronous ring in lguest_data.</summary>
    Ring,
}

/// <summary>One hypercall, whatever the processor: a number and up to four arguments.</summary>
/// <remarks>The register order is the ABI profile's business and is gone by the time one of these exists.</remarks>
public sealed class Hypercall
{
    internal const int MostArguments = 4;

    private readonly HypercallDefinition? definition;
    private readonly uint argument0, argument1, argument2, argument3;

    internal Hypercall(
        HypercallDefinition? definition, uint number, (uint, uint, uint, uint) arguments, int? slot, uint eip, GuestSymbols? symbols)
    {
        this.definition = definition;
        (argument0, argument1, argument2, argument3) = arguments;
        Number = number;
        Slot = slot;
        Eip = eip;
        Symbols = symbols;
    }

    /// <summary>The number in eax.</summary>
    public uint Number { get; }

    /// <summary>Its name in the guest's ABI profile; for a number the profile does not know, <c>UNKNOWN_n</c>.</summary>
    public string Name => definition?.Name ?? $"UNKNOWN_{Number}";

    /// <summary>The slot (0 to 63) of a ring entry, null for a direct call.</summary>
    public int? Slot { get; }

    public HypercallOrigin Origin => Slot is null ? HypercallOrigin.Trap : HypercallOrigin.Ring;

    /// <summary>Where the guest goes on after the trap.</summary>
    public uint Eip { get; }

    /// <summary>Where in the kernel <see cref="Eip"/> is, such as schedule+0x1a; null if that is not known.</summary>
    public string? Symbol => Symbols?.Describe(Eip);

    /// <summary>The arguments this call has, in ABI order; all four for an unknown number.</summary>
    public uint[] Arguments
    {
        get
        {
            uint[] arguments = new uint[definition?.ArgumentCount ?? MostArguments];
            for (int i = 0; i < arguments.Length; i++) arguments[i] = this[i];
            return arguments;
        }
    }

    /// <summary>The arguments with their names and what they mean.</summary>
    public string Decoded => Decode(pointedAt: null);

    internal HypercallDefinition? Definition => definition;

    internal GuestSymbols? Symbols { get; }

    /// <summary>Argument 0 to 3, also those the profile gives no name.</summary>
    internal uint this[int index] => index switch
    {
        0 => argument0,
        1 => argument1,
        2 => argument2,
        3 => argument3,
        _ => throw new ArgumentOutOfRangeException(nameof(index)),
    };

    /// <summary>The same call with some of its words replaced.</summary>
    internal Hypercall With(IReadOnlyList<ArgumentMatch> arguments)
    {
        uint[] words = [argument0, argument1, argument2, argument3];
        foreach (ArgumentMatch argument in arguments) words[argument.Index] = argument.Value;
        return new Hypercall(definition, Number, (words[0], words[1], words[2], words[3]), Slot, Eip, Symbols);
    }

    public override string ToString() => $"{Name}({Decoded}){(Slot is { } slot ? $" in ring slot {slot}" : "")}";

    /// <param name="pointedAt">What stood in guest memory where an argument points, for a call that has such an argument; null if it was not kept.</param>
    internal string Decode(byte[]? pointedAt) => definition is null
        ? string.Join(' ', Arguments.Select(argument => $"0x{argument:x8}"))
        : string.Join(' ', definition.Parameters.Select(parameter => $"{parameter.Name}={ArgumentText.Of(this, parameter, pointedAt)}"));
}
