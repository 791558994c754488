namespace LguestPS.Cmdlets;

/// <summary>How much of each event a trace keeps. Times, sequence numbers and the guest's name are in none: they differ from run to run.</summary>
public enum TraceDetail
{
    /// <summary>What happened: survives a rebuild of the guest.</summary>
    Names,

    /// <summary>Arguments, results, ring slots and data, too: the same for the same guest under the clocks virtual and events.</summary>
    Arguments,
}
