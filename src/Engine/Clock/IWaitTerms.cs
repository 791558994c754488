namespace LguestPS.Clock;

/// <summary>How a halted guest may wait: what else there is to wait for, and when the host must look again.</summary>
internal interface IWaitTerms
{
    /// <summary>Whether to wait although nothing is due: somebody may type, or a network may bring something.</summary>
    bool WaitForInput { get; }

    /// <summary>Whether idle time must not run ahead of the host's, because an answer from outside is under way.</summary>
    bool AwaitsAnswer { get; }

    /// <summary>When a device will have something to do by itself: guest time in nanoseconds, or null.</summary>
    long? NextDue { get; }

    /// <summary>How long the guest may sleep before the host must look again, or infinite.</summary>
    TimeSpan LongestSleep { get; }
}
