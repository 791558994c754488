using System.Diagnostics;

namespace LguestPS.Terminals;

/// <summary>What a guest's numbers are at one time. They may be read while somebody drives it.</summary>
internal sealed record DashboardReading
{
    public required string Name { get; init; }

    public required GuestState State { get; init; }

    /// <summary>What it does, in words.</summary>
    public required string Doing { get; init; }

    /// <summary>Whether it waits for an interrupt.</summary>
    public bool IsHalted { get; init; }

    public required TimeSpan GuestTime { get; init; }

    public long? Instructions { get; init; }

    public long Events { get; init; }

    public long Reboots { get; init; }

    /// <summary>What was counted; null if the run is not counted.</summary>
    public RunSummary? Summary { get; init; }

    /// <summary>The end of what it wrote to its console.</summary>
    public string Console { get; init; } = "";

    /// <summary>When that was, by <see cref="Stopwatch"/>.</summary>
    public required long At { get; init; }

    public static DashboardReading Of(Guest guest)
    {
        bool isDriven = guest.Driver is not null;
        return new DashboardReading
        {
            Name = guest.Name,
            State = guest.State,
            Doing = !isDriven ? guest.Location : guest.IsHalted ? "halted, waits for an interrupt" : guest.NoProgress is { } stuck ? $"makes no progress: {stuck}" : "runs",
            IsHalted = isDriven && guest.IsHalted,
            GuestTime = guest.GuestTime,
            Instructions = guest.InstructionCount,
            Events = guest.EventCount,
            Reboots = guest.Reboots,
            Summary = guest.Summary,
            Console = guest.ConsoleText,
            At = Stopwatch.GetTimestamp(),
        };
    }
}
