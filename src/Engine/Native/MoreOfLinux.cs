using System.Runtime.InteropServices;
using Tmds.Linux;

#pragma warning disable CS8981 // C's own names

namespace LguestPS.Native;

/// <summary>What Tmds.LibC lacks of Linux: system calls of x86-64 that C libraries have late or elsewhere, and timers.</summary>
internal static class MoreOfLinux
{
    public const int SYS_gettid = 186;
    public const int SYS_timer_create = 222;
    public const int SYS_timer_settime = 223;
    public const int SYS_timer_delete = 226;
    public const int SYS_tgkill = 234;

    public const int CLOCK_MONOTONIC = 1;
    public const int TIMER_ABSTIME = 1;
    public const int SIGEV_THREAD_ID = 4;
}

[StructLayout(LayoutKind.Sequential)]
internal struct itimerspec
{
    public timespec it_interval;
    public timespec it_value;
}

/// <summary>With the thread to notify, which the C library does not name.</summary>
[StructLayout(LayoutKind.Sequential, Size = 64)]
internal struct sigevent
{
    public nint sigev_value;
    public int sigev_signo;
    public int sigev_notify;
    public int sigev_notify_thread_id;
}
