using System.Globalization;

namespace LguestPS.Cmdlets;

/// <summary>What a user may write where an address is meant: a number, an expression with symbols and registers, or something seen at one.</summary>
public sealed class AddressArgument
{
    private readonly string? expression;
    private readonly uint number;
    private readonly bool isTooLarge;

    /// <param name="expression">Such as 0xc0100000, schedule+0x1a or esp.</param>
    public AddressArgument(string expression)
    {
        Written = expression;
        // Where a text is asked for, a computed 0xc0100000 arrives as a negative one.
        if (int.TryParse(expression, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int computed) && computed < 0) number = (uint)computed;
        else this.expression = expression;
    }

    /// <param name="number">An address; PowerShell takes 0xc0100000 for a negative number.</param>
    public AddressArgument(int number)
    {
        Written = number;
        this.number = (uint)number;
    }

    public AddressArgument(uint number) => Written = this.number = number;

    /// <param name="number">An address; with more than 32 bits it is not valid, which is said where it is used.</param>
    public AddressArgument(long number)
    {
        Written = number;
        this.number = (uint)number;
        isTooLarge = number is < int.MinValue or > uint.MaxValue;
    }

    public AddressArgument(SymbolLocation symbol)
    {
        Written = symbol;
        number = symbol.Address + symbol.Offset;
    }

    /// <param name="seen">Something with an address: a block of memory, a hit of a search, an instruction, a frame of a call stack, a gate, a range of pages.</param>
    /// <exception cref="ArgumentException">It has none.</exception>
    public AddressArgument(GuestView seen)
    {
        Written = seen;
        number = seen switch
        {
            AddressView at => at.Address,
            CallStackFrame frame => frame.Eip,
            GuestGate gate => gate.Handler,
            PageRange range => range.First,
            PageDifference range => range.First,
            BoundDmaArray array => array.Address,
            _ => throw new ArgumentException($"a {seen.GetType().Name} has no address"),
        };
        IsPhysical = seen is AddressView { Physical: true } or BoundDmaArray;
    }

    /// <summary>What the user wrote: after a pipe, it may be another argument's.</summary>
    internal object Written { get; }

    /// <summary>Whether it is known to be guest-physical.</summary>
    internal bool IsPhysical { get; }

    /// <exception cref="LguestException">InvalidAddress.</exception>
    internal uint In(Guest guest, bool physical) =>
        expression is not null ? guest.Inspector.Address(expression, physical)
        : isTooLarge ? throw new LguestException(LguestError.InvalidAddress, $"'{Written}' is not an address: addresses have 32 bits")
        : number;

    public override string ToString() => expression ?? (isTooLarge ? $"{Written}" : $"0x{number:x8}");
}
