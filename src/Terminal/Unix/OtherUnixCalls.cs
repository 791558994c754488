using System.Runtime.InteropServices;

namespace LguestPS.Terminals;

/// <summary>Those of any other Unix, such as macOS, for which Tmds.LibC has no library: by declarations of our own, which leave the fields of struct termios to the system.</summary>
internal sealed unsafe partial class OtherUnixCalls : UnixCalls
{
    // The same on macOS and the BSDs.
    private const int TCSANOW = 0;
    private const short POLLIN = 1;
    private const int EINTR = 4;
    private const int SIGTSTP = 18;

    /// <summary>More than any system's struct termios.</summary>
    private const int MostOfTermios = 256;

    public override byte[]? Mode(int descriptor)
    {
        byte[] mode = new byte[MostOfTermios];
        fixed (byte* termios = mode) return tcgetattr(descriptor, termios) == 0 ? mode : null;
    }

    public override byte[] Raw(byte[] mode)
    {
        byte[] made = [.. mode];
        fixed (byte* termios = made) cfmakeraw(termios);
        // c_iflag comes first and c_oflag second, everywhere; macOS has made them long.
        int flag = OperatingSystem.IsMacOS() ? sizeof(long) : sizeof(int);
        mode.AsSpan(flag, flag).CopyTo(made.AsSpan(flag));
        return made;
    }

    public override void SetMode(int descriptor, byte[] mode)
    {
        fixed (byte* termios = mode)
        {
            while (tcsetattr(descriptor, TCSANOW, termios) != 0 && Marshal.GetLastPInvokeError() == EINTR)
            {
            }
        }
    }

    public override bool IsInForeground(int descriptor) => tcgetpgrp(descriptor) is var foreground && (foreground < 0 || foreground == getpgrp());

    public override void StopProcess() => _ = kill(Environment.ProcessId, SIGTSTP);

    public override (int Read, int Write) Pipe()
    {
        int* ends = stackalloc int[2];
        return pipe(ends) == 0 ? (ends[0], ends[1]) : throw new IOException(Marshal.GetLastPInvokeErrorMessage());
    }

    public override bool WaitFor(int descriptor, int other)
    {
        PollDescriptor* ready = stackalloc PollDescriptor[2];
        do
        {
            ready[0] = new PollDescriptor { Descriptor = descriptor, Events = POLLIN };
            ready[1] = new PollDescriptor { Descriptor = other, Events = POLLIN };
            if (poll(ready, 2, -1) >= 0) return ready[1].Returned == 0;
        }
        while (Marshal.GetLastPInvokeError() == EINTR);
        return false;
    }

    public override int Read(int descriptor, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            do
            {
                int count = (int)read(descriptor, start, (nuint)buffer.Length);
                if (count >= 0) return count;
            }
            while (Marshal.GetLastPInvokeError() == EINTR);
        }
        return 0;
    }

    public override void WriteByte(int descriptor)
    {
        byte anything = 0;
        _ = write(descriptor, &anything, 1);
    }

    public override void Close(int descriptor) => _ = close(descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int tcgetattr(int fd, byte* termios);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int tcsetattr(int fd, int when, byte* termios);

    [LibraryImport("libc")]
    private static partial void cfmakeraw(byte* termios);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int poll(PollDescriptor* descriptors, uint count, int milliseconds);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(int fd, byte* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(int fd, byte* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int pipe(int* ends);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int fd);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int tcgetpgrp(int fd);

    [LibraryImport("libc")]
    private static partial int getpgrp();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
