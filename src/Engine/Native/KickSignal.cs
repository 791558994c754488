using static Tmds.Linux.LibC;

namespace LguestPS.Native;

/// <summary>The signal that brings a thread out of KVM_RUN.</summary>
/// <remarks>
/// Every thread that runs a guest holds it back from then on, and only KVM_RUN lets it through: one that is sent a moment too early
/// waits for the next KVM_RUN, so no wake-up is lost, and one too many costs a look around. It is ignored, too, so that no stray one
/// can end the process. Nothing else in .NET uses it: the runtime's own is SIGRTMIN (34).
/// </remarks>
internal static class KickSignal
{
    public const int Number = 62;

    private const ulong Set = 1UL << Number - 1;

    [ThreadStatic]
    private static int thread;

    private static int isIgnored;

    /// <summary>What KVM_RUN holds back instead of the thread's own set: everything else, which other threads may take.</summary>
    public const ulong MaskInGuest = ~Set;

    /// <summary>Makes this thread ready to run a guest.</summary>
    /// <returns>Linux's number of the thread.</returns>
    public static int PrepareThread(LibC libc)
    {
        if (thread != 0) return thread;
        if (Interlocked.Exchange(ref isIgnored, 1) == 0) libc.sigignore(Number);
        ErrnoException.ThrowIfFailed(libc.pthread_sigmask(SIG_BLOCK, Set), "pthread_sigmask");
        return thread = libc.gettid();
    }

    public static void Send(LibC libc, int thread) => libc.tgkill(Environment.ProcessId, thread, Number);

    /// <summary>Takes the signals that wait for this thread.</summary>
    public static void Drain(LibC libc)
    {
        while (libc.sigtimedwait(Set) > 0)
        {
        }
    }
}
