using System.Runtime.InteropServices;

namespace LguestPS.Terminals;

/// <summary>What a terminal needs of the C library, by its own names.</summary>
internal static unsafe partial class LibC
{
    public const int TCSANOW = 0;
    public const short POLLIN = 1;
    public const int EINTR = 4;

    /// <summary>More than any system's struct termios: its fields differ from system to system and are left to cfmakeraw.</summary>
    public const int MostOfTermios = 256;

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PollDescriptor
    {
        public int fd;
        public short events;
        public short revents;
    }

    [LibraryImport("libc", SetLastError = true)]
    public static partial int tcgetattr(int fd, byte* termios);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int tcsetattr(int fd, int when, byte* termios);

    [LibraryImport("libc")]
    public static partial void cfmakeraw(byte* termios);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int poll(PollDescriptor* descriptors, nuint count, int milliseconds);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint read(int fd, byte* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint write(int fd, byte* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int pipe(int* ends);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int close(int fd);

    /// <summary>SIGTSTP as the system numbers it.</summary>
    public static int SIGTSTP => OperatingSystem.IsLinux() ? 20 : 18;

    [LibraryImport("libc", SetLastError = true)]
    public static partial int tcgetpgrp(int fd);

    [LibraryImport("libc")]
    public static partial int getpgrp();

    [LibraryImport("libc")]
    public static partial int getpid();

    [LibraryImport("libc", SetLastError = true)]
    public static partial int kill(int pid, int signal);
}
