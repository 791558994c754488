using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace LguestPS.Native;

/// <summary>Locks on bytes of a file that belong to the open file: two opens exclude each other even in one process, and a killed process has none (fcntl, open file description locks). On Linux only.</summary>
internal static unsafe class FileLock
{
    /// <summary>Locks one byte, which need not exist, if it is not locked yet.</summary>
    /// <exception cref="IOException">The file system has no such locks.</exception>
    public static bool TryTake(SafeFileHandle file, long at)
    {
        if (Do(file, F_OFD_SETLK, F_WRLCK, at, out int error) is not null) return true;
        return error == EAGAIN || error == EACCES ? false : throw new IOException(Marshal.GetPInvokeErrorMessage(error));
    }

    public static void Release(SafeFileHandle file, long at) => Do(file, F_OFD_SETLK, F_UNLCK, at, out _);

    /// <summary>Whether somebody else has locked this byte.</summary>
    public static bool IsTaken(SafeFileHandle file, long at) => Do(file, F_OFD_GETLK, F_WRLCK, at, out _) is { } found && found.l_type != F_UNLCK;

    private static flock? Do(SafeFileHandle file, int command, int type, long at, out int error)
    {
        flock range = new() { l_type = (short)type, l_start = at, l_len = 1 };
        bool held = false;
        try
        {
            file.DangerousAddRef(ref held);
            do
            {
                error = fcntl((int)file.DangerousGetHandle(), command, &range) == 0 ? 0 : errno;
            }
            while (error == EINTR);
            return error == 0 ? range : null;
        }
        finally
        {
            if (held) file.DangerousRelease();
        }
    }
}
