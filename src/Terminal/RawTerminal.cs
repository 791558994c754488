using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using static LguestPS.Terminals.LibC;

namespace LguestPS.Terminals;

/// <summary>
/// The terminal as the guest's: every key goes to it at once, unseen and unchanged, Ctrl-C too. Given back by Dispose, and,
/// whatever happens, before the process ends.
/// </summary>
internal sealed unsafe class RawTerminal : IDisposable
{
    private const int Descriptor = 0;

    private readonly Lock gate = new();
    private readonly byte[] before;
    private readonly byte[] raw;
    private readonly PosixSignalRegistration[] signals;
    private PosixSignalRegistration? stopSignal;
    private bool ours;

    [UnsupportedOSPlatform("windows")]
    private RawTerminal(byte[] before)
    {
        this.before = before;
        raw = MakeRaw(before);
        AppDomain.CurrentDomain.ProcessExit += GiveBack;
        AppDomain.CurrentDomain.UnhandledException += GiveBack;
        signals =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGCONT, Continue),
            .. new[] { PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT }.Select(signal => PosixSignalRegistration.Create(signal, _ => GiveBack())),
        ];
        stopSignal = PosixSignalRegistration.Create(PosixSignal.SIGTSTP, Suspend);
        ours = true;
        Set(raw);
    }

    /// <summary>Its keys. Reading ends when this is disposed.</summary>
    public TerminalKeys Keys { get; } = new(Descriptor);

    /// <summary>Takes over standard input, if that is a terminal of a system with termios.</summary>
    public static RawTerminal? TryTakeOver()
    {
        if (OperatingSystem.IsWindows()) return null;
        byte[] now = new byte[MostOfTermios];
        fixed (byte* termios = now)
            return tcgetattr(Descriptor, termios) == 0 ? new RawTerminal(now) : null;
    }

    public void Dispose()
    {
        GiveBack();
        foreach (PosixSignalRegistration signal in signals) signal.Dispose();
        lock (gate) stopSignal?.Dispose();
        AppDomain.CurrentDomain.ProcessExit -= GiveBack;
        AppDomain.CurrentDomain.UnhandledException -= GiveBack;
        Keys.Dispose();
    }

    private void GiveBack(object? sender, EventArgs e) => GiveBack();

    private void GiveBack()
    {
        lock (gate)
        {
            if (!ours) return;
            ours = false;
            Set(before);
        }
    }

    /// <summary>Stops the process as if the signal had not been heard of, but with the terminal as the shell knows it.</summary>
    private void Suspend(PosixSignalContext context)
    {
        context.Cancel = true;
        lock (gate)
        {
            if (!ours) return;
            Set(before);
            // Without a registration the signal stops the process, with the right status for a shell.
            stopSignal?.Dispose();
            stopSignal = null;
        }
        _ = kill(getpid(), SIGTSTP);
    }

    /// <summary>Takes the terminal again, as after <c>fg</c>; after <c>bg</c> it stays with the shell.</summary>
    [UnsupportedOSPlatform("windows")]
    private void Continue(PosixSignalContext context)
    {
        // The runtime would set the terminal as it was when it first looked at it.
        context.Cancel = true;
        lock (gate)
        {
            if (!ours) return;
            stopSignal ??= PosixSignalRegistration.Create(PosixSignal.SIGTSTP, Suspend);
            Set(raw);
        }
    }

    /// <summary>Raw input, but output as it was: not every guest sends a carriage return with each new line.</summary>
    private static byte[] MakeRaw(byte[] cooked)
    {
        byte[] made = [.. cooked];
        fixed (byte* termios = made) cfmakeraw(termios);
        // c_iflag comes first and c_oflag second, everywhere; macOS has made them long.
        int flag = OperatingSystem.IsMacOS() ? sizeof(long) : sizeof(int);
        cooked.AsSpan(flag, flag).CopyTo(made.AsSpan(flag));
        return made;
    }

    /// <summary>Sets the terminal; in the background it is another's, and setting it would stop this process.</summary>
    private static void Set(byte[] wanted)
    {
        if (tcgetpgrp(Descriptor) is var foreground and >= 0 && foreground != getpgrp()) return;
        fixed (byte* termios = wanted)
        {
            while (tcsetattr(Descriptor, TCSANOW, termios) != 0 && Marshal.GetLastPInvokeError() == EINTR)
            {
            }
        }
    }
}
