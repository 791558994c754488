namespace LguestPS.Exports;

/// <summary>What is shown on a track.</summary>
internal enum TrackKind
{
    /// <summary>A whole guest, under which its other tracks are.</summary>
    Guest,

    /// <summary>Slices and instants.</summary>
    Slices,

    /// <summary>A number that changes.</summary>
    Counter,
}

/// <summary>A line of a timeline.</summary>
/// <param name="Id">Its number, from 1; no two tracks of a trace have the same.</param>
/// <param name="Guest">The number of its guest, from 1.</param>
/// <param name="Parent">The track it is under; null for a guest.</param>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What is shown on it.</param>
/// <param name="Unit">Of a counter, what is counted.</param>
internal sealed record Track(int Id, int Guest, Track? Parent, string Name, TrackKind Kind, string Unit = "");
