using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LguestPS.Native;

/// <summary>Locks on bytes of a file that belong to the open file: two opens exclude each other even in one process, and a killed process has none (fcntl, open file description locks).</summary>
internal static unsafe partial class FileLock
{
    // <fcntl.h> of 64-bit Linux, the same on all its processors.
    private const int F_OFD_GETLK = 36;
    private const int F_OFD_SETLK = 37;
    private const short F_WRLCK = 1;
    private const short F_UNLCK = 2;

    /// <summary>Locks one byte, which need not exist, if it is not locked yet.</summary>
    /// <exception cref="IOException">The file system has no such locks.</exception>
    public static bool TryTake(SafeFileHandle file, long at)
    {
        if (Do(file, F_OFD_SETLK, F_WRLCK, at, out int error) is not null) return true;
        return error is Errno.EAGAIN or Errno.EACCES ? false : throw new IOException(Marshal.GetPInvokeErrorMessage(error));
    }

    public static void Release(SafeFileHandle file, long at) => Do(file, F_OFD_SETLK, F_UNLCK, at, out _);

    /// <summary>Whether somebody else has locked this byte.</summary>
    public static bool IsTaken(SafeFileHandle file, long at) => Do(file, F_OFD_GETLK, F_WRLCK, at, out _) is { Type: not F_UNLCK };

    private static Flock? Do(SafeFileHandle file, int command, short type, long at, out int error)
    {
        Flock range = new() { Type = type, Start = at, Length = 1 };
        do
        {
            if (fcntl(file, command, &range) == 0)
            {
                error = 0;
                return range;
            }
            error = Marshal.GetLastPInvokeError();
        }
        while (error == Errno.EINTR);
        return null;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(SafeFileHandle fd, int cmd, Flock* argument);

    /// <summary>struct flock.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Flock
    {
        public short Type;
        public short Whence;
        public long Start;
        public long Length;
        public int Pid;
    }
}
