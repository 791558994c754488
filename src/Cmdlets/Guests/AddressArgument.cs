using System.Globalization;

namespace LguestPS.Cmdlets;

/// <summary>What a user may write where an address is meant: a number, an expression with symbols and registers, or something seen at one.</summary>
public sealed class AddressArgument
{
    private readonly string? expression;
    private readonly uint number;

    /// <param name="expression">Such as 0xc0100000, schedule+0x1a or esp.</param>
    public AddressArgument(string expression)
    {
        // Where a text is asked for, a computed 0xc0100000 arrives as a negative one.
        if (int.TryParse(expression, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int computed) && computed < 0) number = (uint)computed;
        else this.expression = expression;
    }

    /// <param name="number">An address; PowerShell takes 0xc0100000 for a negative number.</param>
    public AddressArgument(int number) => this.number = (uint)number;

    public AddressArgument(uint number) => this.number = number;

    /// <param name="number">An address.</param>
    /// <exception cref="ArgumentOutOfRangeException">It has more than 32 bits.</exception>
    public AddressArgument(long number)
    {
        if (number is < int.MinValue or > uint.MaxValue) throw new ArgumentOutOfRangeException(nameof(number), "addresses have 32 bits");
        this.number = (uint)number;
    }

    public AddressArgument(SymbolLocation symbol) => number = symbol.Address + symbol.Offset;

    /// <param name="seen">Something with an address: a block of memory, a hit of a search, an instruction, a frame of a call stack, a gate, a range of pages.</param>
    /// <exception cref="ArgumentException">It has none.</exception>
    public AddressArgument(GuestView seen)
    {
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

    /// <param name="guest">A guest that was piped to a cmdlet while its first positional parameter took the address.</param>
    public AddressArgument(Guest guest) => Guest = guest;

    /// <param name="job">The job that runs such a guest.</param>
    public AddressArgument(GuestJob job) => Guest = job.Guest;

    internal Guest? Guest { get; }

    /// <summary>Whether it is known to be guest-physical.</summary>
    internal bool IsPhysical { get; }

    /// <exception cref="LguestException">InvalidAddress.</exception>
    internal uint In(Guest guest, bool physical) => expression is null ? number : guest.Inspector.Address(expression, physical);

    public override string ToString() => expression ?? $"0x{number:x8}";
}
