namespace LguestPS;

/// <summary>What somebody did to a guest from outside.</summary>
public enum InterventionOperation : long
{
    /// <summary>Registers were set.</summary>
    SetRegister,

    /// <summary>Guest memory was written.</summary>
    SetMemory,

    /// <summary>Arguments of a hypercall were replaced before it was done.</summary>
    SetHypercall,

    /// <summary>A hypercall was not done.</summary>
    SkipHypercall,

    /// <summary>A hypercall was done that the guest did not make.</summary>
    InvokeHypercall,
}

/// <summary>One thing that an intervention changed, exactly enough to do it again or to undo it.</summary>
/// <param name="Target">What was changed: a register's name, or an address as it was asked for.</param>
/// <param name="PhysicalAddress">For memory, the guest-physical address of the first byte; else null.</param>
/// <param name="From">What was there before, in the guest's byte order.</param>
/// <param name="To">What is there now; as long as <paramref name="From"/>.</param>
public sealed record InterventionChange(string Target, uint? PhysicalAddress, byte[] From, byte[] To)
{
    private const int MostShown = 8;

    public override string ToString() => $"{Target} {Shown(From)} -> {Shown(To)}";

    private string Shown(byte[] bytes)
    {
        // A register reads as a number, memory as its bytes.
        if (PhysicalAddress is null) return $"0x{Convert.ToHexStringLower([.. bytes.Reverse()])}";
        return $"{Convert.ToHexStringLower(bytes.AsSpan(0, Math.Min(bytes.Length, MostShown)))}{(bytes.Length > MostShown ? "…" : "")}";
    }
}

/// <summary>Somebody changed the guest while it stood still: a trace says so, and what would otherwise look like the guest's own doing is explained.</summary>
/// <remarks>It is made at once but comes out when the guest is next run or stepped, before anything the guest does.</remarks>
public sealed record InterventionEvent : LguestEvent
{
    public override EventKinds Kind => EventKinds.Intervention;

    public required InterventionOperation Operation { get; init; }

    /// <summary>Who did it, such as the command that was used.</summary>
    public required string By { get; init; }

    /// <summary>What was changed, from what and to what.</summary>
    public required InterventionChange[] Changes { get; init; }

    /// <summary>For the operations on hypercalls, the call as it was; else null.</summary>
    public string? Call { get; init; }

    /// <summary>The result that a skipped call was given, or an invoked one gave; null if there is none.</summary>
    public uint? Result { get; init; }

    /// <summary>Where the guest stood, before any change.</summary>
    public required uint Eip { get; init; }

    /// <summary>Where in the kernel <see cref="Eip"/> is, such as schedule+0x1a; null if that is not known.</summary>
    public string? Symbol => Header.Symbols?.Describe(Eip);

    public override string Summary =>
        $"{By} {(Changes.Length > 0 ? string.Join(", ", Changes.Select(change => change.ToString())) : Call)}{(Result is { } result ? $" = {result}" : "")}";
}

/// <summary>What an operation on a hypercall did, for its event.</summary>
internal readonly record struct Intervention(string? Call, uint? Result, InterventionChange[] Changes)
{
    /// <summary>A change that is not one of a hypercall.</summary>
    public Intervention(params InterventionChange[] changes) : this(Call: null, Result: null, changes)
    {
    }
}
