using Microsoft.Win32.SafeHandles;

namespace LguestPS.Native;

/// <summary>An open file descriptor with its owner's calls.</summary>
internal abstract class Descriptor : SafeHandleMinusOneIsInvalid
{
    protected Descriptor(LibC libc, long number) : base(ownsHandle: true)
    {
        LibC = libc;
        SetHandle((nint)number);
    }

    protected LibC LibC { get; }

    /// <summary>An ioctl that is repeated when a signal interrupts it.</summary>
    /// <exception cref="ErrnoException">Linux refused it.</exception>
    protected long Control(uint request, nint argument, string call)
    {
        long result;
        do result = LibC.ioctl(this, request, argument);
        while (result == -Errno.EINTR);
        return ErrnoException.ThrowIfFailed(result, call);
    }

    protected override bool ReleaseHandle() => LibC.close(handle) == 0;
}
