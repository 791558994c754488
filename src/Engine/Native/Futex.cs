using System.Runtime.InteropServices;

namespace LguestPS.Native;

/// <summary>Waiting for a word that processes share to change (futex).</summary>
/// <remarks>Only the kernel touches the word: where the file behind it was cut short, it answers with an error instead of SIGBUS.</remarks>
internal static unsafe partial class Futex
{
    private const int FUTEX_WAIT = 0;
    private const int FUTEX_WAKE = 1;

    private static readonly nint SYS_futex = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 202 : 98;

    public static bool IsSupported => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64;

    /// <summary>Waits until somebody wakes this word, or at most so long (or <see cref="System.Threading.Timeout.InfiniteTimeSpan"/>); not at all if its value is another already.</summary>
    /// <returns>False if the word is not there (any longer).</returns>
    public static bool Wait(uint* word, uint value, TimeSpan longest)
    {
        Timespec timeout = new() { Seconds = (long)longest.TotalSeconds, Nanoseconds = longest.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick };
        return syscall(SYS_futex, word, FUTEX_WAIT, value, longest == System.Threading.Timeout.InfiniteTimeSpan ? null : &timeout) == 0 || Marshal.GetLastPInvokeError() is Errno.EAGAIN or Errno.EINTR or Errno.ETIMEDOUT;
    }

    /// <summary>Wakes whoever waits for this word.</summary>
    public static void Wake(uint* word) => syscall(SYS_futex, word, FUTEX_WAKE, int.MaxValue, null);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, uint* word, nint operation, nuint value, Timespec* timeout);

    /// <summary>struct timespec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
