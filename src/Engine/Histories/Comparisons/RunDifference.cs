namespace LguestPS;

/// <summary>In what two runs differ first.</summary>
public enum RunDifferenceKind
{
    /// <summary>They did not begin with the same memory and registers.</summary>
    Start,

    /// <summary>What one instruction did, or what came from outside just before it.</summary>
    Instruction,

    /// <summary>An event, and until then their memory and registers could not be compared or were the same.</summary>
    Event,

    /// <summary>One of them ends where the other goes on.</summary>
    End,
}

/// <summary>The first place where two recorded runs differ.</summary>
public sealed record RunDifference
{
    /// <summary>The guest, or the file, of the one run.</summary>
    public required string Left { get; init; }

    /// <summary>And of the other.</summary>
    public required string Right { get; init; }

    public required RunDifferenceKind Kind { get; init; }

    /// <summary>The last place where they were the same, or the beginning.</summary>
    public required RunPosition Position { get; init; }

    /// <summary>The first event that differs; null if none does.</summary>
    public long? Event { get; init; }

    /// <summary>That event in the one run; null if there is none.</summary>
    public LguestEvent? LeftEvent { get; init; }

    /// <summary>And in the other.</summary>
    public LguestEvent? RightEvent { get; init; }

    /// <summary>Where the one stands at <see cref="Position"/>: its next instruction.</summary>
    public string? LeftInstruction { get; init; }

    /// <summary>And the other.</summary>
    public string? RightInstruction { get; init; }

    /// <summary>Registers and words of memory that are not the same just after <see cref="Position"/>, or for Start at the beginning; the first of them.</summary>
    public IReadOnlyList<DifferentValue> Values { get; init; } = [];

    /// <summary>In a line.</summary>
    public string What => Kind switch
    {
        RunDifferenceKind.Start => $"they begin differently: {Values[0]}",
        RunDifferenceKind.End => LeftEvent is null && RightEvent is not null ? $"the left run ends, and the right one goes on with {RightEvent.Kind} {RightEvent.Summary}" : LeftEvent is null ? "one of them goes on" : $"the right run ends, and the left one goes on with {LeftEvent.Kind} {LeftEvent.Summary}",
        RunDifferenceKind.Event => $"event {Event} is {LeftEvent?.Kind} {LeftEvent?.Summary}, and {RightEvent?.Kind} {RightEvent?.Summary}",
        _ => $"{LeftInstruction}; after it {string.Join(", ", Values.Take(2))}",
    };

    public override string ToString() => What;
}

/// <summary>Something that is not the same in two runs.</summary>
/// <param name="Name">A register, or an address.</param>
/// <param name="Left">What the one has.</param>
/// <param name="Right">What the other has.</param>
public sealed record DifferentValue(string Name, uint Left, uint Right)
{
    public override string ToString() => $"{Name} 0x{Left:x} and 0x{Right:x}";
}
