using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace LguestPS.Native;

/// <summary>Sends <see cref="KickSignal"/> to one thread at a given moment.</summary>
internal sealed class ThreadTimer : SafeHandleMinusOneIsInvalid
{
    private readonly LibC libc;
    private long armedFor = long.MaxValue;

    /// <param name="libc">The calls.</param>
    /// <param name="thread">Linux's number of the thread, one of this process.</param>
    /// <exception cref="ErrnoException">The user has too many timers.</exception>
    public ThreadTimer(LibC libc, int thread) : base(ownsHandle: true)
    {
        this.libc = libc;
        Thread = thread;
        sigevent notification = new()
        {
            sigev_signo = KickSignal.Number, sigev_notify = MoreOfLinux.SIGEV_THREAD_ID, sigev_notify_thread_id = thread,
        };
        ErrnoException.ThrowIfFailed(libc.timer_create(MoreOfLinux.CLOCK_MONOTONIC, notification, out int timer), "timer_create");
        SetHandle(timer);
    }

    public int Thread { get; }

    /// <summary>Makes sure that it goes off at or before this moment; a signal too early is left to whoever gets it.</summary>
    /// <param name="timestamp">As <see cref="Stopwatch.GetTimestamp"/> tells it, which on Linux is the monotonic clock.</param>
    public void GoOffBy(long timestamp)
    {
        // Once its moment is past, somebody else on this thread may have taken its signal.
        if (armedFor <= timestamp && armedFor > Stopwatch.GetTimestamp()) return;
        armedFor = timestamp;
        itimerspec when = new() { it_value = { tv_sec = timestamp / Stopwatch.Frequency, tv_nsec = (int)(timestamp % Stopwatch.Frequency) } };
        ErrnoException.ThrowIfFailed(libc.timer_settime((int)handle, MoreOfLinux.TIMER_ABSTIME, when), "timer_settime");
    }

    protected override bool ReleaseHandle() => libc.timer_delete((int)handle) == 0;
}
