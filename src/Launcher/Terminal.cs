using System.Runtime.InteropServices;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace LguestPS.Launcher;

/// <summary>The terminal as the guest's: every key goes to it at once and unseen, Ctrl-C too. Given back on Dispose.</summary>
internal sealed unsafe class Terminal : IDisposable
{
    private const int Descriptor = 0;

    private readonly PosixSignalRegistration? resumed;
    private termios before;

    private Terminal(in termios before)
    {
        this.before = before;
        TakeOver();
        // A shell that suspended us has put the terminal back for itself.
        resumed = PosixSignalRegistration.Create((PosixSignal)SIGCONT, _ => TakeOver());
    }

    /// <summary>Takes over standard input, if that is a terminal.</summary>
    public static Terminal? TryTakeOver()
    {
        termios now;
        return tcgetattr(Descriptor, &now) == 0 ? new Terminal(now) : null;
    }

    public void Dispose()
    {
        resumed?.Dispose();
        Set(before);
    }

    private void TakeOver()
    {
        termios raw = before;
        raw.c_lflag &= ~(ISIG | ICANON | ECHO);
        Set(raw);
    }

    private static void Set(termios wanted) => tcsetattr(Descriptor, (int)TCSANOW, &wanted);
}
