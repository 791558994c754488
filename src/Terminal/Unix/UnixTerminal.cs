using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace LguestPS.Terminals;

/// <summary>A terminal with termios, and with a shell that may stop the process and let it go on.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed class UnixTerminal : RawTerminal
{
    private const int Descriptor = 0;

    private static readonly UnixCalls Calls = UnixCalls.Instance;

    private readonly byte[] before;
    private readonly byte[] raw;
    private readonly PosixSignalRegistration[] signals;
    private PosixSignalRegistration? stopSignal;

    private UnixTerminal(byte[] before)
    {
        this.before = before;
        raw = Calls.Raw(before);
        signals =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGCONT, Continue),
            .. new[] { PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT }.Select(signal => PosixSignalRegistration.Create(signal, _ => GiveBack())),
        ];
        stopSignal = PosixSignalRegistration.Create(PosixSignal.SIGTSTP, Suspend);
        Take();
    }

    public override TerminalKeys Keys { get; } = new UnixKeys(Calls, Descriptor);

    public static RawTerminal? Open() => Calls.Mode(Descriptor) is { } mode ? new UnixTerminal(mode) : null;

    protected override void SetRaw() => Set(raw);

    protected override void SetBack() => Set(before);

    protected override void Release()
    {
        foreach (PosixSignalRegistration signal in signals) signal.Dispose();
        stopSignal?.Dispose();
    }

    /// <summary>Sets the terminal; in the background it is another's, and setting it would stop this process.</summary>
    private static void Set(byte[] wanted)
    {
        if (Calls.IsInForeground(Descriptor)) Calls.SetMode(Descriptor, wanted);
    }

    /// <summary>Stops the process as if the signal had not been heard of, but with the terminal as the shell knows it.</summary>
    private void Suspend(PosixSignalContext context)
    {
        context.Cancel = true;
        if (!IsOurs) return;
        GiveBack(forNow: () =>
        {
            // Without a registration the signal stops the process, with the right status for a shell.
            stopSignal?.Dispose();
            stopSignal = null;
        });
        Calls.StopProcess();
    }

    /// <summary>Takes the terminal again, as after <c>fg</c>; after <c>bg</c> it stays with the shell.</summary>
    private void Continue(PosixSignalContext context)
    {
        // The runtime would set the terminal as it was when it first looked at it.
        context.Cancel = true;
        TakeAgain(first: () => stopSignal ??= PosixSignalRegistration.Create(PosixSignal.SIGTSTP, Suspend));
    }
}
