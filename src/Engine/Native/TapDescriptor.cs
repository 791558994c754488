using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace LguestPS.Native;

/// <summary>An open TAP interface (Linux, /dev/net/tun): reads and writes whole Ethernet frames.</summary>
internal sealed unsafe class TapDescriptor : IDisposable
{
    // <linux/if_tun.h>, which Tmds.LibC lacks.
    private const int TUNSETIFF = 0x400454CA;
    private const short IFF_TAP = 0x0002;
    private const short IFF_NO_PI = 0x1000;
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
    [SupportedOSPlatform("linux")]
    public static TapDescriptor Open(string name)
    {
        SafeFileHandle tap = OpenDevice();
        SafeFileHandle? closing = null;
        try
        {
            InterfaceRequest request = new() { Flags = IFF_TAP | IFF_NO_PI };
            Encoding.ASCII.GetBytes(name, new Span<byte>(request.Name, InterfaceRequest.NameSize - 1));
            if (Control(tap, TUNSETIFF, &request) < 0) throw Failed();
            if (Control(tap, SIOCGIFHWADDR, &request) < 0) throw Failed();
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
        pollfd* waits = stackalloc pollfd[2];
        while (true)
        {
            nint count;
            bool referenced = false, closingReferenced = false;
            try
            {
                tap.DangerousAddRef(ref referenced);
                closing.DangerousAddRef(ref closingReferenced);
                waits[0] = new pollfd { fd = (int)tap.DangerousGetHandle(), events = POLLIN };
                waits[1] = new pollfd { fd = (int)closing.DangerousGetHandle(), events = POLLIN };
                if (poll(waits, 2, -1) < 0) continue;       // a signal came; the package's poll keeps no errno
                if (waits[1].revents != 0) return -1;
                if (waits[0].revents == 0) continue;
                fixed (byte* start = frame) count = (nint)(long)read((int)tap.DangerousGetHandle(), start, frame.Length);
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
            if (errno != EINTR && errno != EAGAIN) return -1;
        }
    }

    /// <returns>False if the frame is lost, as when the interface is down.</returns>
    public bool TryWrite(ReadOnlySpan<byte> frame)
    {
        nint written;
        do
        {
            fixed (byte* start = frame) written = Write(tap, start, frame.Length);
        }
        while (written < 0 && errno == EINTR);
        return written == frame.Length;
    }

    /// <summary>Ends a <see cref="Read"/> that waits; it closes the interface when it has returned.</summary>
    public void EndReading()
    {
        ulong one = 1;
        _ = Write(closing, (byte*)&one, sizeof(ulong));
    }

    public void Dispose()
    {
        tap.Dispose();
        closing.Dispose();
    }

    private static SafeFileHandle Owned(int descriptor) => descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw Failed();

    private static IOException Failed()
    {
        int error = errno;
        return new IOException(Marshal.GetPInvokeErrorMessage(error), error);
    }

    private static SafeFileHandle OpenDevice()
    {
        fixed (byte* path = "/dev/net/tun\0"u8) return Owned(open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC));
    }

    private static int Control(SafeFileHandle file, int request, InterfaceRequest* argument)
    {
        bool held = false;
        try
        {
            file.DangerousAddRef(ref held);
            return ioctl((int)file.DangerousGetHandle(), request, argument);
        }
        finally
        {
            if (held) file.DangerousRelease();
        }
    }

    private static nint Write(SafeFileHandle file, byte* bytes, int count)
    {
        bool held = false;
        try
        {
            file.DangerousAddRef(ref held);
            return (nint)(long)write((int)file.DangerousGetHandle(), bytes, count);
        }
        finally
        {
            if (held) file.DangerousRelease();
        }
    }

    /// <summary>struct ifreq of 64-bit Linux.</summary>
    private struct InterfaceRequest
    {
        public const int NameSize = 16;

        public fixed byte Name[NameSize];
        public short Flags;
        public fixed byte Rest[22];
    }
}
