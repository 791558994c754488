namespace LguestPS;

/// <summary>Where to take a guest in its run.</summary>
public sealed record MoveOptions : DriveOptions
{
    /// <summary>The place. Beyond what is recorded the guest runs there, and then the limits of a run and its breakpoints hold.</summary>
    public required PositionExpression To { get; init; }
}
