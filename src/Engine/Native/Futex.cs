using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace LguestPS.Native;

/// <summary>Waiting for a word that processes share to change (futex).</summary>
/// <remarks>Only the kernel touches the word: where the file behind it was cut short, it answers with an error instead of SIGBUS. Only where <see cref="IsSupported"/> says so may it be used.</remarks>
internal static unsafe class Futex
{
    // Tmds.LibC has syscall, but neither this one's numbers nor its operations.
    private const int FUTEX_WAIT = 0;
    private const int FUTEX_WAKE = 1;

    private static readonly int SYS_futex = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 202 : 98;

    [SupportedOSPlatformGuard("linux")]
    public static bool IsSupported => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64;

    /// <summary>Waits until somebody wakes this word, or at most so long (or <see cref="System.Threading.Timeout.InfiniteTimeSpan"/>); not at all if its value is another already.</summary>
    /// <returns>False if the word is not there (any longer).</returns>
    public static bool Wait(uint* word, uint value, TimeSpan longest)
    {
        timespec timeout = new() { tv_sec = (long)longest.TotalSeconds, tv_nsec = (int)(longest.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick) };
        if ((int)syscall(SYS_futex, word, FUTEX_WAIT, value, longest == System.Threading.Timeout.InfiniteTimeSpan ? null : &timeout) == 0) return true;
        int error = errno;
        return error == EAGAIN || error == EINTR || error == ETIMEDOUT;
    }

    /// <summary>Wakes whoever waits for this word.</summary>
    public static void Wake(uint* word) => _ = syscall(SYS_futex, word, FUTEX_WAKE, int.MaxValue, 0);      // as many arguments as above, so that the runtime compiles one way for both
}
