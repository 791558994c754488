using System.Runtime.InteropServices;

namespace LguestPS.Native;

/// <summary>The few calls of Linux that the KVM engine and compiled code need, by their own names (x86-64).</summary>
/// <remarks>Each returns what the kernel returns: a value, or an errno made negative. A test can put failures in the way.</remarks>
internal unsafe partial class LibC
{
    public static LibC Instance { get; } = new();

    public virtual long open(string path, int flags) => Result(NativeMethods.open(path, flags));

    public virtual long close(nint descriptor) => Result(NativeMethods.close((int)descriptor));

    public virtual long ioctl(SafeHandle descriptor, uint request, nint argument)
    {
        bool held = false;
        try
        {
            descriptor.DangerousAddRef(ref held);
            return Result(NativeMethods.ioctl((int)descriptor.DangerousGetHandle(), request, argument));
        }
        finally
        {
            if (held) descriptor.DangerousRelease();
        }
    }

    /// <summary>Private memory of zeros, or what a descriptor shares.</summary>
    public virtual nint mmap(nuint length, int protection, int flags, SafeHandle? descriptor)
    {
        int number = descriptor is null ? -1 : (int)descriptor.DangerousGetHandle();
        nint address = NativeMethods.mmap(0, length, protection, flags, number, 0);
        GC.KeepAlive(descriptor);
        return address == -1 ? -Marshal.GetLastPInvokeError() : address;
    }

    /// <summary>A file in memory; the kernel takes no more of its name than 249 bytes.</summary>
    public virtual long memfd_create(string name, int flags)
    {
        fixed (byte* bytes = System.Text.Encoding.UTF8.GetBytes(name + '\0'))
            return Result(NativeMethods.syscall(SYS_memfd_create, (nint)bytes, flags, 0, 0));
    }

    public virtual long ftruncate(SafeHandle descriptor, long length)
    {
        long result = Result(NativeMethods.syscall(SYS_ftruncate, descriptor.DangerousGetHandle(), (nint)length, 0, 0));
        GC.KeepAlive(descriptor);
        return result;
    }

    public virtual long munmap(nint address, nuint length) => Result(NativeMethods.munmap(address, length));

    /// <summary>Sets what a signal does; <see cref="Signals.SIG_IGN"/> is all that is needed here.</summary>
    public virtual void signal(int number, nint handler) => NativeMethods.signal(number, handler);

    public virtual int gettid() => (int)NativeMethods.syscall(SYS_gettid, 0, 0, 0, 0);

    public virtual long tgkill(int process, int thread, int signal) => Result(NativeMethods.syscall(SYS_tgkill, process, thread, signal, 0));

    /// <summary>Changes which signals this thread holds back; a set is a bit for each, signal 1 first.</summary>
    public virtual long rt_sigprocmask(int how, ulong set) => Result(NativeMethods.syscall(SYS_rt_sigprocmask, how, (nint)(&set), 0, sizeof(ulong)));

    /// <summary>Takes one of the signals of the set that wait for this thread, without waiting for it.</summary>
    public virtual long rt_sigtimedwait(ulong set)
    {
        timespec now = default;
        return Result(NativeMethods.syscall(SYS_rt_sigtimedwait, (nint)(&set), 0, (nint)(&now), sizeof(ulong)));
    }

    public virtual long timer_create(int clock, in sigevent notification, out int timer)
    {
        fixed (sigevent* how = &notification)
        fixed (int* made = &timer)
            return Result(NativeMethods.syscall(SYS_timer_create, clock, (nint)how, (nint)made, 0));
    }

    public virtual long timer_settime(int timer, int flags, in itimerspec when)
    {
        fixed (itimerspec* value = &when)
            return Result(NativeMethods.syscall(SYS_timer_settime, timer, flags, (nint)value, 0));
    }

    public virtual long timer_delete(int timer) => Result(NativeMethods.syscall(SYS_timer_delete, timer, 0, 0, 0));

    private static long Result(long returned) => returned == -1 ? -Marshal.GetLastPInvokeError() : returned;

    // Older C libraries have no functions for some of these, or have them in another library.
    private const int SYS_rt_sigprocmask = 14;
    private const int SYS_ftruncate = 77;
    private const int SYS_rt_sigtimedwait = 128;
    private const int SYS_gettid = 186;
    private const int SYS_timer_create = 222;
    private const int SYS_timer_settime = 223;
    private const int SYS_timer_delete = 226;
    private const int SYS_tgkill = 234;
    private const int SYS_memfd_create = 319;

    private static partial class NativeMethods
    {
        [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        public static partial int open(string path, int flags);

        [LibraryImport("libc", SetLastError = true)]
        public static partial int close(int descriptor);

        [LibraryImport("libc", SetLastError = true)]
        public static partial int ioctl(int descriptor, nuint request, nint argument);

        [LibraryImport("libc", SetLastError = true)]
        public static partial nint mmap(nint address, nuint length, int protection, int flags, int descriptor, nint offset);

        [LibraryImport("libc", SetLastError = true)]
        public static partial int munmap(nint address, nuint length);

        [LibraryImport("libc")]
        public static partial nint signal(int number, nint handler);

        [LibraryImport("libc", SetLastError = true)]
        public static partial nint syscall(nint number, nint first, nint second, nint third, nint fourth);
    }
}
