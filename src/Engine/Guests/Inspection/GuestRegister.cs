namespace LguestPS;

/// <summary>What kind of register one is.</summary>
public enum RegisterGroup : long
{
    /// <summary>eax to edi, esp, ebp and eip.</summary>
    General,

    /// <summary>eflags.</summary>
    Flags,

    /// <summary>The segment selectors.</summary>
    Segment,

    /// <summary>The registers of the x87.</summary>
    FloatingPoint,

    /// <summary>mm0 to mm7, xmm0 to xmm7 and mxcsr.</summary>
    Vector,
}

/// <summary>A register of a guest as it stood between two instructions.</summary>
public sealed record GuestRegister : GuestView
{
    /// <summary>Its name, such as eax, cs or st0.</summary>
    public required string Name { get; init; }

    public required RegisterGroup Group { get; init; }

    /// <summary>Its value: a UInt32; for st0 to st7 the nearest Double, for mm0 to mm7 a UInt64, for xmm0 to xmm7 a UInt128.</summary>
    public required object Value { get; init; }

    /// <summary>Every bit of it: hexadecimal digits; for st0 to st7 sign and exponent, a colon, and the significand.</summary>
    public required string Bits { get; init; }

    /// <summary>What the value means: the symbol at an address, the flags that are set, the descriptor that a selector names.</summary>
    public required string? Meaning { get; init; }
}
