using System.Runtime.InteropServices;

#pragma warning disable CS8981 // C's own names

namespace LguestPS.Native;

/// <summary>Flags of open and mmap.</summary>
internal static class Files
{
    public const int O_RDWR = 2;
    public const int O_CLOEXEC = 0x80000;
    public const int PROT_READ = 1;
    public const int PROT_WRITE = 2;
    public const int PROT_EXEC = 4;
    public const int MAP_SHARED = 1;
    public const int MAP_PRIVATE = 2;
    public const int MAP_ANONYMOUS = 0x20;
    public const int MAP_NORESERVE = 0x4000;
    public const int MFD_CLOEXEC = 1;
}

/// <summary>Signals and timers.</summary>
internal static class Signals
{
    public const nint SIG_IGN = 1;
    public const int SIG_BLOCK = 0;
    public const int CLOCK_MONOTONIC = 1;
    public const int TIMER_ABSTIME = 1;
    public const int SIGEV_THREAD_ID = 4;
}

[StructLayout(LayoutKind.Sequential)]
internal struct timespec
{
    public long tv_sec;
    public long tv_nsec;
}

[StructLayout(LayoutKind.Sequential)]
internal struct itimerspec
{
    public timespec it_interval;
    public timespec it_value;
}

[StructLayout(LayoutKind.Sequential, Size = 64)]
internal struct sigevent
{
    public nint sigev_value;
    public int sigev_signo;
    public int sigev_notify;
    public int sigev_notify_thread_id;
}
