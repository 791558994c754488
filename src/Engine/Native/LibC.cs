using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using Tmds.Linux;
using Linux = Tmds.Linux.LibC;

namespace LguestPS.Native;

/// <summary>The few calls of Linux that the KVM engine and compiled code need, by their own names.</summary>
/// <remarks>Each returns what the kernel returns: a value, or an errno made negative. A test can put failures in the way.</remarks>
internal unsafe class LibC
{
    // Who has one is on Linux, so nothing else that asks for one need say so.
    [SupportedOSPlatform("linux")]
    public static LibC Instance { get; } = new();

    public virtual long open(string path, int flags)
    {
        fixed (byte* name = Text(path)) return Result(Linux.open(name, flags));
    }

    public virtual long close(nint descriptor) => Result(Linux.close((int)descriptor));

    public virtual long ioctl(SafeHandle descriptor, uint request, nint argument)
    {
        bool held = false;
        try
        {
            descriptor.DangerousAddRef(ref held);
            return Result(Linux.ioctl((int)descriptor.DangerousGetHandle(), unchecked((int)request), (void*)argument));
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
        void* address = Linux.mmap(null, (size_t)(ulong)length, protection, flags, number, 0L);
        GC.KeepAlive(descriptor);
        return address == Linux.MAP_FAILED ? -Linux.errno : (nint)address;
    }

    public virtual long munmap(nint address, nuint length) => Result(Linux.munmap((void*)address, (size_t)(ulong)length));

    /// <summary>A file in memory; the kernel takes no more of its name than 249 bytes.</summary>
    public virtual long memfd_create(string name, uint flags)
    {
        fixed (byte* bytes = Text(name)) return Result(Linux.memfd_create(bytes, flags));
    }

    public virtual long ftruncate(SafeHandle descriptor, long length)
    {
        long result = Result(Linux.ftruncate((int)descriptor.DangerousGetHandle(), length));
        GC.KeepAlive(descriptor);
        return result;
    }

    public virtual void sigignore(int number) => _ = Linux.sigignore(number);

    public virtual int gettid() => (int)Syscall(MoreOfLinux.SYS_gettid);

    public virtual long tgkill(int process, int thread, int signal) => Syscall(MoreOfLinux.SYS_tgkill, process, thread, signal);

    /// <summary>Changes which signals this thread holds back; a set is a bit for each, signal 1 first.</summary>
    public virtual long pthread_sigmask(int how, ulong set)
    {
        sigset_t signals = SetOf(set);
        return -Linux.pthread_sigmask(how, &signals, null);
    }

    /// <summary>Takes one of the signals of the set that wait for this thread, without waiting for it.</summary>
    public virtual long sigtimedwait(ulong set)
    {
        sigset_t signals = SetOf(set);
        timespec now = default;
        return Result(Linux.sigtimedwait(&signals, null, &now));
    }

    public virtual long timer_create(int clock, in sigevent notification, out int timer)
    {
        fixed (sigevent* how = &notification)
        fixed (int* made = &timer)
            return Syscall(MoreOfLinux.SYS_timer_create, clock, how, made);
    }

    public virtual long timer_settime(int timer, int flags, in itimerspec when)
    {
        fixed (itimerspec* value = &when)
            return Syscall(MoreOfLinux.SYS_timer_settime, timer, flags, value);
    }

    public virtual long timer_delete(int timer) => Syscall(MoreOfLinux.SYS_timer_delete, timer);

    private static long Result(long returned) => returned == -1 ? -Linux.errno : returned;

    // With as many arguments for each, which the kernel does not mind: the runtime compiles the way to every other number of them at each start.
    private static long Syscall(int number, syscall_arg first = default, syscall_arg second = default, syscall_arg third = default, syscall_arg fourth = default) =>
        Result((long)(ssize_t)Linux.syscall(number, first, second, third, fourth));

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text + '\0');

    // Every C library of Linux has the kernel's set at the front of its own.
    private static sigset_t SetOf(ulong set)
    {
        sigset_t signals = default;
        *(ulong*)&signals = set;
        return signals;
    }
}
