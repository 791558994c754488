using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace LguestPS.Tests.Soak;

/// <summary>Linux's own ways to trouble a process, and to see what it holds.</summary>
internal static partial class HostSystem
{
    public const int SigHup = 1, SigKill = 9, SigTerm = 15, SigCont = 18, SigStop = 19;
    private const int FileSize = 1, Descriptors = 7;        // RLIMIT_FSIZE, RLIMIT_NOFILE
    private const nuint BytesToRead = 0x541b;               // FIONREAD

    public static bool IsRoot => Environment.IsPrivilegedProcess;

    public static void Signal(int process, int signal) => kill(process, signal);

    /// <summary>Whether this process ignores it, and with it those that it starts.</summary>
    public static bool IsIgnored(int signal)
    {
        string ignored = File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal)).Split('\t')[1];
        return (Convert.ToUInt64(ignored, 16) >> (signal - 1) & 1) != 0;
    }

    /// <summary>A hard link, which keeps an image whose name is taken away.</summary>
    public static void Link(string from, string to)
    {
        if (link(from, to) != 0) throw new IOException($"no link from '{to}' to '{from}': errno {Marshal.GetLastPInvokeError()}");
    }

    /// <summary>Makes a file shorter, whoever uses it.</summary>
    public static void CutOff(string path, long bytes)
    {
        if (truncate(path, bytes) != 0) throw new IOException($"'{path}' cannot be cut off: errno {Marshal.GetLastPInvokeError()}");
    }

    /// <summary>How much waits in a pipe.</summary>
    public static int BytesIn(SafeHandle pipe) => ioctl(pipe, BytesToRead, out int count) == 0 ? count : 0;

    public static void LimitFileSize(int process, ulong? bytes) => Limit(process, FileSize, bytes);

    public static void LimitDescriptors(int process, ulong? count) => Limit(process, Descriptors, count);

    /// <summary>Runs a command of this system.</summary>
    /// <returns>Whether it succeeded.</returns>
    public static bool Try(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    /// <summary>What a process holds now; null if it has gone.</summary>
    public static ProcessSample? Sample(int process)
    {
        try
        {
            string[] status = File.ReadAllLines($"/proc/{process}/status");
            string[] all = Directory.GetFileSystemEntries($"/proc/{process}/fd");
            long memory = Field("VmRSS:");
            return memory == 0 ? null : new ProcessSample(memory, all.Length, (int)Field("Threads:"));

            long Field(string name) => status.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } found
                ? long.Parse(found.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) : 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static unsafe void Limit(int process, int resource, ulong? value)
    {
        ulong* old = stackalloc ulong[2], now = stackalloc ulong[2];
        if (prlimit64(process, resource, null, old) != 0) return;
        now[1] = old[1];
        now[0] = value ?? old[1];
        _ = prlimit64(process, resource, now, null);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int process, int signal);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(SafeHandle file, nuint request, out int result);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int link(string from, string to);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int truncate(string path, long length);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int prlimit64(int process, int resource, ulong* now, ulong* old);
}

/// <summary>What a process holds at a moment.</summary>
internal readonly record struct ProcessSample(long MemoryKib, int Descriptors, int Threads);
