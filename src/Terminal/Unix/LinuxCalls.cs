using System.Runtime.InteropServices;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace LguestPS.Terminals;

/// <summary>Linux's.</summary>
internal sealed unsafe class LinuxCalls : UnixCalls
{
    public override byte[]? Mode(int descriptor)
    {
        termios mode;
        return tcgetattr(descriptor, &mode) == 0 ? MemoryMarshal.AsBytes(new ReadOnlySpan<termios>(ref mode)).ToArray() : null;
    }

    public override byte[] Raw(byte[] mode)
    {
        byte[] made = [.. mode];
        ref termios raw = ref MemoryMarshal.AsRef<termios>(made.AsSpan());
        // As cfmakeraw, except for the output.
        raw.c_iflag &= ~(uint)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
        raw.c_lflag &= ~(uint)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
        raw.c_cflag = (raw.c_cflag & ~(uint)(CSIZE | PARENB)) | (uint)CS8;
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        return made;
    }

    public override void SetMode(int descriptor, byte[] mode)
    {
        fixed (byte* wanted = mode)
        {
            while (tcsetattr(descriptor, (int)TCSANOW, (termios*)wanted) != 0 && errno == EINTR)
            {
            }
        }
    }

    public override bool IsInForeground(int descriptor) => (int)tcgetpgrp(descriptor) is var foreground && (foreground < 0 || foreground == getpgrp());

    public override void StopProcess() => _ = kill(getpid(), SIGTSTP);

    public override (int Read, int Write) Pipe()
    {
        int* ends = stackalloc int[2];
        return pipe2(ends, O_CLOEXEC) == 0 ? (ends[0], ends[1]) : throw new IOException(Marshal.GetLastPInvokeErrorMessage());
    }

    public override bool WaitFor(int descriptor, int other)
    {
        pollfd* ready = stackalloc pollfd[2];
        do
        {
            ready[0] = new pollfd { fd = descriptor, events = POLLIN };
            ready[1] = new pollfd { fd = other, events = POLLIN };
        }
        while (poll(ready, 2, -1) < 0);     // a signal came; the package's poll keeps no errno, and nothing else can be wrong here
        return ready[1].revents == 0;
    }

    public override int Read(int descriptor, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            do
            {
                int count = (int)read(descriptor, start, buffer.Length);
                if (count >= 0) return count;
            }
            while (errno == EINTR);
        }
        return 0;
    }

    public override void WriteByte(int descriptor)
    {
        byte anything = 0;
        _ = write(descriptor, &anything, 1);
    }

    public override void Close(int descriptor) => _ = close(descriptor);
}
