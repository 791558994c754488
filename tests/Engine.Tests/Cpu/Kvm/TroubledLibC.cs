using System.Runtime.InteropServices;
using LguestPS.Native;

namespace LguestPS.Tests.Cpu.Kvm;

/// <summary>The machine's own calls, except for one that Linux refuses, and a count of what is still open.</summary>
internal sealed class TroubledLibC : LibC
{
    private int passing;

    /// <summary>The request that fails, or 0.</summary>
    public uint Request { get; init; }

    /// <summary>The call that fails, by name, or null.</summary>
    public string? Call { get; init; }

    /// <summary>The error it fails with.</summary>
    public int Errno { get; init; }

    /// <summary>How often it passes first.</summary>
    public int Passes { get; init; }

    /// <summary>Descriptors, mappings and timers that were made and not taken back.</summary>
    public int Open { get; private set; }

    /// <summary>How often it has failed.</summary>
    public int Failures { get; private set; }

    public override long open(string path, int flags) => Fails(nameof(open)) ? -Errno : Opened(base.open(path, flags));

    public override long close(nint descriptor)
    {
        Open--;
        return base.close(descriptor);
    }

    public override long ioctl(SafeHandle descriptor, uint request, nint argument)
    {
        if (request == Request && passing++ >= Passes)
        {
            Failures++;
            return -Errno;
        }
        long result = base.ioctl(descriptor, request, argument);
        return request is KvmNumbers.KVM_CREATE_VM or KvmNumbers.KVM_CREATE_VCPU ? Opened(result) : result;
    }

    public override nint mmap(nuint length, int protection, int flags, SafeHandle? descriptor) =>
        Fails(nameof(mmap)) ? -Errno : (nint)Opened(base.mmap(length, protection, flags, descriptor));

    public override long munmap(nint address, nuint length)
    {
        Open--;
        return base.munmap(address, length);
    }

    public override long timer_create(int clock, in sigevent notification, out int timer)
    {
        timer = 0;
        return Fails(nameof(timer_create)) ? -Errno : Opened(base.timer_create(clock, notification, out timer));
    }

    public override long timer_settime(int timer, int flags, in itimerspec when) => Fails(nameof(timer_settime)) ? -Errno : base.timer_settime(timer, flags, when);

    public override long pthread_sigmask(int how, ulong set) => Fails(nameof(pthread_sigmask)) ? -Errno : base.pthread_sigmask(how, set);

    public override long timer_delete(int timer)
    {
        Open--;
        return base.timer_delete(timer);
    }

    private bool Fails(string call)
    {
        if (call != Call || passing++ < Passes) return false;
        Failures++;
        return true;
    }

    private long Opened(long result)
    {
        if (result >= 0) Open++;
        return result;
    }
}
