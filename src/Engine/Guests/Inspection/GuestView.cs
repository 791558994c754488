namespace LguestPS;

/// <summary>Something that was seen in a guest while it stood still: a copy, complete in itself.</summary>
public abstract record GuestView
{
    /// <summary>Name of the guest.</summary>
    public required string Guest { get; init; }
}

/// <summary>Something that was seen at an address of a guest.</summary>
public abstract record AddressView : GuestView
{
    /// <summary>Where it is: a linear address, or a guest-physical one if <see cref="Physical"/>.</summary>
    public required uint Address { get; init; }

    /// <summary>Whether <see cref="Address"/> is guest-physical.</summary>
    public bool Physical { get; init; }

    /// <summary>Where in the kernel that is, such as schedule+0x1a; null if that is not known.</summary>
    public string? Symbol { get; init; }
}
