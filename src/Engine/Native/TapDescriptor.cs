using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace LguestPS.Native;

/// <summary>An open TAP interface (Linux, /dev/net/tun): reads and writes whole Ethernet frames.</summary>
internal sealed unsafe partial class TapDescriptor : IDisposable
{
    // <linux/if_tun.h>, <linux/sockios.h>, <fcntl.h> and <poll.h>, the same on all processors .NET runs on.
    private const nuint TUNSETIFF = 0x400454CA;
    private const nuint SIOCGIFHWADDR = 0x8927;
    private const short IFF_TAP = 0x0002;
    private const short IFF_NO_PI = 0x1000;
    private const int O_RDWR = 2;
    private const int O_NONBLOCK = 0x800;
    private const int O_CLOEXEC = 0x80000;
    private const short POLLIN = 1;
    private const int EFD_CLOEXEC = O_CLOEXEC;
    private const int HardwareAddressSize = 6;

    private readonly SafeFileHandle tap;
    private readonly SafeFileHandle closing;

    private TapDescriptor(SafeFileHandle tap, SafeFileHandle closing, byte[] hardwareAddress)
    {
        this.tap = tap;
        this.closing = closing;
        HardwareAddress = hardwareAddress;
    }

    /// <summary>The interface's Ethernet address.</summary>
    public byte[] HardwareAddress { get; }

    /// <exception cref="IOException">What the system says; HResult is the errno.</exception>
    public static TapDescriptor Open(string name)
    {
        SafeFileHandle tap = Owned(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
        SafeFileHandle? closing = null;
        try
        {
            InterfaceRequest request = new() { Flags = IFF_TAP | IFF_NO_PI };
            Encoding.ASCII.GetBytes(name, new Span<byte>(request.Name, InterfaceRequest.NameSize - 1));
            if (ioctl(tap, TUNSETIFF, &request) < 0) throw Failed();
            if (ioctl(tap, SIOCGIFHWADDR, &request) < 0) throw Failed();
            closing = Owned(eventfd(0, EFD_CLOEXEC));
            // struct sockaddr: the family, where the flags were, then the address.
            return new TapDescriptor(tap, closing, new ReadOnlySpan<byte>(request.Rest, HardwareAddressSize).ToArray());
        }
        catch
        {
            tap.Dispose();
            closing?.Dispose();
            throw;
        }
    }

    /// <summary>Waits for a frame.</summary>
    /// <returns>Its bytes, as far as they fit; or -1 when the interface was closed or has gone.</returns>
    public int Read(Span<byte> frame)
    {
        PollDescriptor* waits = stackalloc PollDescriptor[2];
        while (true)
        {
            nint count;
            bool referenced = false, closingReferenced = false;
            try
            {
                tap.DangerousAddRef(ref referenced);
                closing.DangerousAddRef(ref closingReferenced);
                waits[0] = new PollDescriptor { Descriptor = (int)tap.DangerousGetHandle(), Events = POLLIN, Returned = 0 };
                waits[1] = new PollDescriptor { Descriptor = (int)closing.DangerousGetHandle(), Events = POLLIN };
                if (poll(waits, 2, -1) < 0 && Marshal.GetLastPInvokeError() != Errno.EINTR) return -1;
                if (waits[1].Returned != 0) return -1;
                if (waits[0].Returned == 0) continue;
                fixed (byte* start = frame) count = read(tap, start, (nuint)frame.Length);
            }
            catch (ObjectDisposedException)
            {
                return -1;
            }
            finally
            {
                if (referenced) tap.DangerousRelease();
                if (closingReferenced) closing.DangerousRelease();
            }
            if (count >= 0) return (int)count;
            if (Marshal.GetLastPInvokeError() is not (Errno.EINTR or Errno.EAGAIN)) return -1;
        }
    }

    /// <returns>False if the frame is lost, as when the interface is down.</returns>
    public bool TryWrite(ReadOnlySpan<byte> frame)
    {
        nint written;
        do
        {
            fixed (byte* start = frame) written = write(tap, start, (nuint)frame.Length);
        }
        while (written < 0 && Marshal.GetLastPInvokeError() == Errno.EINTR);
        return written == frame.Length;
    }

    /// <summary>Ends a <see cref="Read"/> that waits; it closes the interface when it has returned.</summary>
    public void EndReading()
    {
        ulong one = 1;
        write(closing, (byte*)&one, sizeof(ulong));
    }

    public void Dispose()
    {
        tap.Dispose();
        closing.Dispose();
    }

    private static SafeFileHandle Owned(int descriptor) => descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw Failed();

    private static IOException Failed()
    {
        int errno = Marshal.GetLastPInvokeError();
        return new IOException(Marshal.GetPInvokeErrorMessage(errno), errno);
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    // Its third argument is variadic; on the processors .NET runs Linux on, a pointer is passed the same way.
    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(SafeFileHandle fd, nuint request, InterfaceRequest* argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int poll(PollDescriptor* descriptors, nuint count, int milliseconds);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(SafeFileHandle fd, byte* bytes, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(SafeFileHandle fd, byte* bytes, nuint count);

    /// <summary>struct ifreq of 64-bit Linux.</summary>
    private struct InterfaceRequest
    {
        public const int NameSize = 16;

        public fixed byte Name[NameSize];
        public short Flags;
        public fixed byte Rest[22];
    }

    /// <summary>struct pollfd.</summary>
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
