namespace LguestPS.Launcher;

/// <summary>What lguest tells its caller.</summary>
internal static class ExitStatus
{
    /// <summary>The guest switched itself off.</summary>
    public const int PowerDown = 0;

    /// <summary>The guest crashed, or broke the ABI and was killed.</summary>
    public const int Died = 1;

    /// <summary>Nothing ran: bad usage, a bad definition, a file that is missing or no kernel.</summary>
    public const int BadRequest = 2;

    /// <summary>A limit, a signal, the end of the input or a closed output stopped the guest.</summary>
    public const int Stopped = 3;

    /// <summary>The guest asked to be started again.</summary>
    public const int Restart = 4;

    /// <summary>A fault in lguest (EX_SOFTWARE of sysexits.h).</summary>
    public const int InternalError = 70;
}
