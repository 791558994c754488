using System.Runtime.InteropServices;

namespace LguestPS.Native;

/// <summary>SIGXFSZ: what a process gets that writes past its file size limit (ulimit -f), and dies of unless it says otherwise.</summary>
internal static class FileSizeSignal
{
    private const PosixSignal Number = (PosixSignal)25;     // on all architectures of Linux on which .NET runs, and on macOS

    private static PosixSignalRegistration? registration;

    /// <summary>From now on such a write fails as any other may (EFBIG), so that whoever made it can say which file it was.</summary>
    public static void TurnIntoError()
    {
        if (OperatingSystem.IsWindows() || registration is not null) return;
        PosixSignalRegistration mine = PosixSignalRegistration.Create(Number, context => context.Cancel = true);
        if (Interlocked.CompareExchange(ref registration, mine, null) is not null) mine.Dispose();
    }
}
