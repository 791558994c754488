using Microsoft.Win32.SafeHandles;
using Linux = Tmds.Linux.LibC;

namespace LguestPS.Native;

/// <summary>Memory from mmap, page aligned.</summary>
internal sealed unsafe class Mapping : SafeHandleMinusOneIsInvalid
{
    private readonly LibC libc;

    private Mapping(LibC libc, nint address, nuint length) : base(ownsHandle: true)
    {
        this.libc = libc;
        Length = length;
        SetHandle(address);
    }

    public byte* Address => (byte*)handle;

    /// <summary>In bytes.</summary>
    public nuint Length { get; }

    /// <summary>Zeros that cost nothing until they are touched.</summary>
    /// <exception cref="ErrnoException">There is not that much.</exception>
    public static Mapping Zeroed(LibC libc, nuint length) =>
        Map(libc, length, Linux.MAP_PRIVATE | Linux.MAP_ANONYMOUS | Linux.MAP_NORESERVE, descriptor: null);

    /// <summary>The same, of which each page that is touched costs a page: private memory may get larger ones of the kernel.</summary>
    /// <exception cref="ErrnoException">There is not that much.</exception>
    public static Mapping ZeroedPageByPage(LibC libc, nuint length) =>
        Map(libc, length, Linux.MAP_SHARED | Linux.MAP_ANONYMOUS | Linux.MAP_NORESERVE, descriptor: null);

    /// <summary>What a descriptor shares with the kernel.</summary>
    /// <exception cref="ErrnoException">It shares nothing of that length.</exception>
    public static Mapping Shared(LibC libc, Descriptor descriptor, nuint length) => Map(libc, length, Linux.MAP_SHARED, descriptor);

    /// <summary>What a descriptor shares, to be run.</summary>
    /// <exception cref="ErrnoException">The system forbids it.</exception>
    public static Mapping Executable(LibC libc, Descriptor descriptor, nuint length) =>
        Map(libc, length, Linux.MAP_SHARED, descriptor, Linux.PROT_READ | Linux.PROT_EXEC);

    protected override bool ReleaseHandle() => libc.munmap(handle, Length) == 0;

    private static Mapping Map(LibC libc, nuint length, int flags, Descriptor? descriptor, int? protection = null)
    {
        nint address = libc.mmap(length, protection ?? Linux.PROT_READ | Linux.PROT_WRITE, flags, descriptor);
        ErrnoException.ThrowIfFailed(address, "mmap");
        return new Mapping(libc, address, length);
    }
}
