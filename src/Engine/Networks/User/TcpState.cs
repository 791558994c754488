namespace LguestPS.Networks.User;

/// <summary>Where a connection with the guest stands.</summary>
internal enum TcpState
{
    /// <summary>The guest has sent its SYN; the host's program is being asked.</summary>
    AskingHost,

    /// <summary>Our SYN waits to be acknowledged: the guest's came first.</summary>
    SynReceived,

    /// <summary>Our SYN waits to be answered: it came first.</summary>
    SynSent,

    /// <summary>Data may flow, in the directions that are not finished.</summary>
    Open,

    /// <summary>Both directions are finished; a FIN of the guest that comes again is acknowledged again.</summary>
    TimeWait,

    /// <summary>It is over.</summary>
    Closed,
}
