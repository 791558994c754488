using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LguestPS.Native;

/// <summary>What the system lets this process have (getrlimit).</summary>
internal static partial class ResourceLimits
{
    private const int RLIMIT_NOFILE = 7;
    private const int RLIMIT_NOFILE_BSD = 8;

    /// <summary>How many descriptors may be open at a time, now: somebody may change it for a running process (prlimit). int.MaxValue where there is no limit.</summary>
    public static int OpenFiles => OperatingSystem.IsWindows() ? int.MaxValue : Read(OperatingSystem.IsLinux() ? RLIMIT_NOFILE : RLIMIT_NOFILE_BSD);

    /// <summary>Whether so many more descriptors could be opened now.</summary>
    public static bool HasFreeDescriptors(int count)
    {
        int most = OpenFiles;
        if (most == int.MaxValue) return true;
        try
        {
            // A new descriptor is the lowest that is free (POSIX, 2.6 File Descriptor Allocation).
            using SafeFileHandle lowest = File.OpenHandle("/dev/null");
            return lowest.DangerousGetHandle() < most - count;
        }
        catch (IOException)
        {
            return false;       // there is not even one
        }
    }

    private static unsafe int Read(int resource)
    {
        rlimit limit;
        return Environment.Is64BitProcess && getrlimit(resource, &limit) == 0 ? (int)Math.Min(limit.rlim_cur, int.MaxValue) : int.MaxValue;
    }

    [LibraryImport("libc")]
    private static unsafe partial int getrlimit(int resource, rlimit* limit);

#pragma warning disable CS8981 // C's own name
    [StructLayout(LayoutKind.Sequential)]
    private struct rlimit
    {
        public ulong rlim_cur;
        public ulong rlim_max;
    }
#pragma warning restore CS8981
}
