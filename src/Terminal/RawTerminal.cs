using System.Runtime.InteropServices;
using static LguestPS.Terminals.LibC;

namespace LguestPS.Terminals;

/// <summary>
/// The terminal as the guest's: every key goes to it at once, unseen and unchanged, Ctrl-C too. Given back by Dispose, and,
/// whatever happens, before the process ends.
/// </summary>
internal sealed unsafe class RawTerminal : IDisposable
{
    private const int Descriptor = 0;
    private const int SIGCONT = 18, SIGCONT_BSD = 19;

    private readonly Lock gate = new();
    private readonly byte[] before;
    private readonly byte[] raw;
    private readonly PosixSignalRegistration[] signals;
    private bool ours;

    private RawTerminal(byte[] before)
    {
        this.before = before;
        raw = MakeRaw(before);
        AppDomain.CurrentDomain.ProcessExit += GiveBack;
        AppDomain.CurrentDomain.UnhandledException += GiveBack;
        signals =
        [
            // A shell that suspended us has put the terminal back for itself.
            PosixSignalRegistration.Create((PosixSignal)(OperatingSystem.IsLinux() ? SIGCONT : SIGCONT_BSD), _ => TakeAgain()),
            .. new[] { PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT }.Select(signal => PosixSignalRegistration.Create(signal, _ => GiveBack())),
        ];
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

    private void TakeAgain()
    {
        lock (gate)
            if (ours) Set(raw);
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

    private static void Set(byte[] wanted)
    {
        fixed (byte* termios = wanted)
        {
            while (tcsetattr(Descriptor, TCSANOW, termios) != 0 && Marshal.GetLastPInvokeError() == EINTR)
            {
            }
        }
    }
}
